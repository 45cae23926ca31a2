import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Where values of variables and passwords are, and where they are not.
    @Suite struct Secrets {
        @Test func `attack 14: neither a variable's value nor a role's password is in any file of the data folder`()
            async throws
        {
            let project = try await Project("secretive", template: "node")
            let value = "geheim-\(UUID().uuidString)"
            try await project.platform.setEnvironment("SECRET", value, app: project.app.id)
            try project.write("install.sh", "echo install \"$SECRET\" \"$DATABASE_URL\"\n")
            try await project.commitNode("one")
            try await project.deploy()
            let environment = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            #expect(environment["SECRET"] == value)
            let password = try #require(environment["DATABASE_PASSWORD"])

            // While it runs: database, its log, releases, logs, the cluster's own files.
            let files = project.berthd.files()
            #expect(files.contains { $0.hasSuffix("/berth.sqlite") })
            for secret in [value, password, Data(value.utf8).base64EncodedString()] {
                let bytes = Data(secret.utf8)
                for file in files {
                    guard let content = FileManager.default.contents(atPath: file) else { continue }
                    #expect(content.range(of: bytes) == nil, "\(file)")
                }
            }
            #expect(!project.berthd.log.contains(value) && !project.berthd.log.contains(password))
        }

        @Test func `rotate-key is refused beside a running server, and changes nothing`() async throws {
            let project = try await Project("rotating", template: "node")
            try await project.platform.setEnvironment("KEPT", "1", app: project.app.id)
            let key = "\(project.berthd.data)/secrets/store.key"
            let before = try #require(FileManager.default.contents(atPath: key))
            let refused = try await project.berthd.command("rotate-key")
            #expect(refused.status == 1)
            #expect(refused.errorText.contains("data:"), "\(refused.errorText)")
            #expect(FileManager.default.contents(atPath: key) == before)
            try await project.commitNode("one")
            try await project.deploy()
            #expect(try await project.get("/env").text.contains("KEPT"))
        }

        @Test func `rotate-key of a server that does not run seals all anew, and deploys find every secret`()
            async throws
        {
            let project = try await Project("rotated", template: "node")
            try await project.platform.setEnvironment("KEPT", "geheim", app: project.app.id)
            try await project.commitNode("one")
            try await project.deploy()
            func environment() async throws -> [String: String] {
                try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            }
            let old = try await environment()
            let file = "\(project.berthd.data)/secrets/store.key"
            let key = try #require(FileManager.default.contents(atPath: file))

            #expect(try await project.berthd.terminate() == 0)
            let rotation = try await project.berthd.command("rotate-key")
            try await project.berthd.start()

            #expect(rotation.status == 0, "\(rotation.errorText)")
            #expect(rotation.output.contains("secrets are sealed with a new key"), "\(rotation.output)")
            #expect(FileManager.default.contents(atPath: file) != key)
            // Its snapshot still serves; the next deploy opens the variables and the role's password.
            #expect(try await environment() == old)
            try await project.commitNode("two")
            try await project.deploy()
            #expect(try await project.get().text == "two")
            let new = try await environment()
            #expect(new["KEPT"] == "geheim" && new["DATABASE_PASSWORD"] == old["DATABASE_PASSWORD"])
        }
    }
}

extension Berthd {
    /// Every regular file below the data folder.
    fileprivate func files() -> [String] {
        let folder = URL(fileURLWithPath: data, isDirectory: true)
        let keys: Set<URLResourceKey> = [.isRegularFileKey]
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
        var found: [String] = []
        while let file = files?.nextObject() as? URL {
            if (try? file.resourceValues(forKeys: keys).isRegularFile) == true { found.append(file.path) }
        }
        return found
    }
}
