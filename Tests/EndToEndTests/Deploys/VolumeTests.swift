import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    @Suite struct Volumes {
        /// Adds a line to a file of the volume for each `POST`, and answers the file.
        private static func server(_ version: String) -> String {
            """
            const fs = require('fs');
            require('http').createServer((request, response) => {
                if (request.method === 'POST') {
                    fs.appendFileSync('data/file', '\(version)\\n');
                    return response.end();
                }
                if (request.url === '/code') {
                    try { fs.writeFileSync('code', ''); return response.end('written'); }
                    catch (error) { return response.end(error.code); }
                }
                response.end(fs.readFileSync('data/file', 'utf8'));
            }).listen(process.env.PORT);
            """
        }

        @Test(.timeLimit(.minutes(3)))
        func `what an app writes to a volume is there for its next version, and goes with the channel`() async throws {
            let project = try await Project("keeper", template: "node")
            try project.write("berth.yaml", "volumes: data\nrelease: echo released >> data/file; cat data/file\n")
            try project.write("package.json", NodeApp.package)
            try project.write("server.js", Self.server("one"))
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.post("/", "").status == 200)
            #expect(try await project.get().text == "released\none\n")
            #expect(try await project.get("/code").text == "EROFS")
            try project.write("server.js", Self.server("two"))
            try await project.commit("two")
            try await project.deploy()
            #expect(try await project.post("/", "").status == 200)
            #expect(try await project.get().text == "released\none\nreleased\ntwo\n")

            let folder = "\(project.berthd.data)/volumes/\(try await project.prod.id)"
            #expect(FileManager.default.fileExists(atPath: "\(folder)/data/file"))
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
            try await eventually("the volume is gone") { !FileManager.default.fileExists(atPath: folder) }
            try await HostResidue.expectOnlyLive(project.platform)
        }

        /// On a server of its own, which lets volumes have little.
        @Test(.timeLimit(.minutes(3)))
        func `an app that was stopped for its volumes serves again after a push whose release line empties them`()
            async throws
        {
            let berthd = try Berthd(options: ["--postgres", "off", "--volume-size", "16"])
            do {
                try await berthd.start()
                let project = try await Project(
                    "hoarder", template: "node", on: Platform(berthd: berthd, user: "admin", token: berthd.token()))
                try project.write("berth.yaml", "volumes: data\n")
                try project.write("package.json", NodeApp.package)
                try project.write("server.js", Self.hoarder("one"))
                try await project.commit("one")
                try await project.deploy()
                for file in ["a", "b"] { #expect(try await project.get("/fill/\(file)").text == "filled") }
                try await eventually("it is stopped", within: .seconds(30)) {
                    try await project.states() == ["suspended"]
                }
                // Without such a line nothing changes.
                try project.write("server.js", Self.hoarder("two"))
                try await project.commit("two")
                let refused = try await project.push()
                #expect(refused.status != 0 && refused.errorText.contains("the volumes of this channel have 24 MiB"))
                #expect(try await project.states() == ["suspended"])
                try project.write("berth.yaml", "volumes: data\nrelease: rm -f data/*\n")
                try await project.commit("three")
                try await project.deploy()
                #expect(try await project.get().text == "two")
                try await eventually("only what was started is known") { try await project.states() == ["live"] }
                try await HostResidue.expectOnlyLive(project.platform)
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }

        /// Writes a file of 12 MiB to the volume for each `/fill/<name>`.
        private static func hoarder(_ version: String) -> String {
            """
            const fs = require('fs');
            require('http').createServer((request, response) => {
                if (!request.url.startsWith('/fill/')) return response.end('\(version)');
                fs.writeFileSync('data/' + request.url.slice(6), Buffer.alloc(12 << 20, 'x'));
                response.end('filled');
            }).listen(process.env.PORT);
            """
        }
    }
}
