import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct InstanceEvents {
        /// The whole way: container, log file, runner, API, router, and a client that keeps the connection open.
        @Test(.timeLimit(.minutes(3)))
        func `what an instance writes is followed over HTTP, line by line, until it is gone`() async throws {
            let project = try await Project("spoken", template: "node")
            try project.write("package.json", NodeApp.package)
            try project.write(
                "server.js",
                """
                for (const number of [1, 2, 3, 4, 5]) console.log('early ' + number);
                process.on('SIGTERM', () => { console.log('good night'); process.exit(0); });
                require('http').createServer((request, response) => {
                    if (request.url.startsWith('/say/')) console.log(request.url.slice(5));
                    response.end('said');
                }).listen(process.env.PORT);
                """)
            try await project.commit("one")
            try await project.deploy()
            let list = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/instances"
            let answer = try await project.platform.call("GET", list)
            let id = try #require(answer.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)).output.1
            try await eventually("its first lines are there") {
                try await project.platform.call("GET", "\(list)/\(id)/log").text.hasSuffix("early 5\n")
            }

            let port = project.berthd.port
            let folder = try TemporaryDirectory("berth-follow")
            let client = try RunningCommand(
                "/usr/bin/curl",
                [
                    "--silent", "--show-error", "--no-buffer", "--include", "--max-time", "120",
                    "--header", "Host: api.localhost:\(port)",
                    "--header", "Authorization: Bearer \(project.platform.token)",
                    "http://127.0.0.1:\(port)\(list)/\(id)/events?lines=2",
                ], folder: folder.path, environment: TestEnvironment.plain)
            try await eventually("the last lines come") { Self.data(client.output).count >= 2 }
            #expect(client.output.hasPrefix("HTTP/1.1 200"), "\(client.output)")
            #expect(client.output.lowercased().contains("content-type: text/event-stream"))
            for word in ["hello", "world"] {
                #expect(try await project.get("/say/\(word)").text == "said")
                // While the connection is open, and nothing else is written.
                try await eventually("\(word) comes") { Self.data(client.output).last == word && client.isRunning }
            }
            try await project.commitNode("two")
            try await project.deploy()

            let ended = await client.outcome()
            #expect(ended.status == 0, "\(ended.output)")
            #expect(Self.data(ended.output) == ["early 4", "early 5", "hello", "world", "good night"])
        }

        /// The texts of the events so far (HTML Living Standard, "Server-sent events").
        private static func data(_ output: String) -> [String] {
            output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("data: ") }
                .map { String($0.dropFirst("data: ".count)) }
        }
    }
}
