import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct DeleteApp {
        @Test func `deleting an app removes all of it and frees its name`() async throws {
            // The user's database goes with its last schema, so another app has to keep it, and to look into it.
            let witness = try await Project("witness", template: "node")
            try await witness.commitNode("witness")
            try await witness.deploy()
            let project = try await Project("short-lived", template: "node")
            try await project.platform.setEnvironment("OLD", "1", app: project.app.id)
            try await project.commitNode("one")
            try await project.deploy()
            let channel = try await project.prod
            let digits = channel.id.replacingOccurrences(of: "-", with: "").prefix(12)
            let query = """
                SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'ch_\(digits)'),
                       (SELECT count(*) FROM pg_roles WHERE rolname = 'r_\(digits)')
                """
            #expect(try await witness.post("/sql", query).text == "1|1\n")
            let before = try HostResidue(of: project.berthd).containers.count

            let deletion = try await project.platform.call("DELETE", "/apps/\(project.app.id)")

            #expect(deletion.status == 204)
            #expect(try await project.platform.call("GET", "/apps/\(project.app.id)").status == 404)
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 404)
            #expect(try await project.get().status == 404)
            #expect(try await project.push().status != 0)
            try await eventually("the container is gone") {
                try HostResidue(of: project.berthd).containers.count < before
            }
            try await eventually("schema and role are gone") {
                try await witness.post("/sql", query).text == "0|0\n"
            }
            try await eventually("no file of the app is left") {
                let names = project.berthd.filesNamed { $0.contains(project.app.id) || $0.contains(channel.id) }
                if !names.isEmpty { throw DeadlineExceeded(description: "\(names)") }
                return true
            }

            let again = try await Project("short-lived", template: "node")
            #expect(again.app.id != project.app.id)
            #expect(try await again.prod.current_sha == nil)
            #expect(try await again.remoteRefs().isEmpty)
            try await again.commitNode("two")
            try await again.deploy()
            #expect(try await again.get().text == "two")
            #expect(try await !again.get("/env").text.contains("OLD"))
        }
    }
}

extension Berthd {
    /// Paths under the data folder whose last part passes, Postgres' own files left out.
    fileprivate func filesNamed(_ isWanted: (String) -> Bool) -> [String] {
        let folder = URL(fileURLWithPath: data, isDirectory: true)
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var found: [String] = []
        while let file = files?.nextObject() as? URL {
            if file.path == "\(data)/postgres" { files?.skipDescendants() }
            if isWanted(file.lastPathComponent) { found.append(file.path) }
        }
        return found
    }
}
