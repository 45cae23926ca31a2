import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// What an operator lets builds and instances reach outside of the machine.
    @Suite struct Egress {
        private static let address = "203.0.113.9"

        @Test(arguments: [("none", "internet"), ("internet", "none")])
        func `builds and instances are let out as the setting of each says`(build: String, instance: String)
            async throws
        {
            let options = ["--postgres", "off", "--build-egress", build, "--instance-egress", instance]
            let berthd = try Berthd(options: options)
            do {
                try await berthd.start()
                try await withOutsideNetwork(addresses: [Self.address]) { outside in
                    let url = "http://\(Self.address):\(outside.port)/"
                    try await eventually("what is outside answers the host") {
                        try await run(["curl", "--silent", "--max-time", "2", url]).status == 0
                    }
                    let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                    let project = try await Project("egress", template: "node", on: platform)
                    try Self.write(asking: url, to: project)
                    try await project.commit("ask")
                    try await project.deploy()
                    let log = try await project.lastLog()
                    #expect(log.contains("built: \(Self.answer(under: build))"), "\(log)")
                    #expect(try await project.get("/ask").text == Self.answer(under: instance))
                }
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }

        private static func answer(under policy: String) -> String { policy == "none" ? "refused" : "reached" }

        /// An app that asks while it is built, and again for every visitor of `/ask`.
        private static func write(asking url: String, to project: Project) throws {
            try project.write("package.json", NodeApp.package)
            try project.write(
                "install.sh",
                """
                if curl --silent --max-time 5 \(url) >/dev/null; then echo built: reached; else echo built: refused; fi

                """)
            try project.write(
                "server.js",
                """
                const http = require('http');
                http.createServer((request, response) => {
                    if (request.url !== '/ask') return response.end('up');
                    const ask = http.get('\(url)', { timeout: 5000 }, (answer) => {
                        answer.resume();
                        response.end('reached');
                    });
                    ask.on('timeout', () => ask.destroy());
                    ask.on('error', () => response.end('refused'));
                }).listen(process.env.PORT);

                """)
        }
    }
}
