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
    }
}
