import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// The templates that a server has: the built-in ones, and those of its operator.
    @Suite struct InstalledTemplates {
        private let templates: TemporaryDirectory

        init() throws { templates = try TemporaryDirectory("berth-own-templates") }

        private func write(_ name: String, _ manifest: String) throws {
            let folder = templates.path(name)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("schema: 1\nname: \(name)\n\(manifest)".utf8).write(
                to: URL(fileURLWithPath: "\(folder)/template.yaml"))
        }

        /// A server with these templates; whatever happens, nothing of it is left.
        private func withServer(_ body: (Berthd) async throws -> Void) async throws {
            let berthd = try Berthd(options: ["--postgres", "off", "--templates", templates.path])
            do {
                try await body(berthd)
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }

        @Test func `an operator's folder adds and replaces templates, and an app may have every one that there is`()
            async throws
        {
            try write(
                "stamped",
                """
                order: 5
                description: A page that the template makes
                build:
                  steps: [{name: stamp, command: [bash, -c, "mkdir out && echo made by the operator > out/index.html"]}]
                  output: {candidates: [out]}
                run: {kind: static}
                """)
            try write(
                "static",
                """
                order: 100
                description: The built-in one's name
                build: {steps: [{name: replace, command: [bash, -c, echo replaced > added.txt]}]}
                run: {kind: static}
                """)
            try await withServer { berthd in
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                let names = ["stamped", "node", "python", "docs", "static"]
                for name in names {
                    #expect(try await platform.createApp("is-\(name)", template: name).template == name)
                }
                let refused = try await platform.call("POST", "/apps", ["name": "cobol", "template": "cobol"])
                #expect(refused.status == 400)
                #expect(refused.text.contains(#""bad_request""#), "\(refused.text)")
                let list = names.joined(separator: ", ")
                #expect(refused.text.contains("template must be one of \(list)"), "\(refused.text)")
                #expect(try await platform.apps().count == names.count)

                let added = try await Project("added", template: "stamped", on: platform)
                try added.write("README", "nothing of interest")
                try await added.commit("one")
                try await added.deploy()
                #expect(try await added.get().text == "made by the operator\n")
                #expect(try await added.get("/README").status == 404)

                let replaced = try await Project("replaced", template: "static", on: platform)
                try replaced.write("index.html", "mine")
                try await replaced.commit("one")
                try await replaced.deploy()
                #expect(try await replaced.get().text == "mine")
                #expect(try await replaced.get("/added.txt").text == "replaced\n")
            }
        }

        @Test func `a mistake in a template keeps the server from starting, and is told with its place`() async throws {
            try write("broken", "description: d\nbulid: {}\nrun: {kind: static}\n")
            try await withServer { berthd in
                try berthd.launch()
                try await eventually("the server has ended", within: .seconds(60)) { !berthd.isRunning }
                let place = "\(templates.path)/broken/template.yaml:4:1"
                let said = "\(place): unknown key \"bulid\"; did you mean \"build\"?"
                #expect(berthd.log.contains(said), "\(berthd.log)")
            }
        }
    }
}
