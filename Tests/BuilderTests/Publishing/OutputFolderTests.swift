import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

/// The folder that an app or its template names, where it is not.
struct OutputFolderTests {
    private static let files = ["index.html": "the sources", "berth.yaml": "# mine\noutput: dist\n", "src/a.txt": "a"]

    private func failure(_ fixture: BuildFixture, _ texts: [String: String]) async throws -> String? {
        let error = try await fixture.failure(texts: texts)
        #expect(error == nil || error?.code == .buildFailed)
        #expect(error == nil || fixture.leftovers().filter { $0 != "sites" }.isEmpty)
        return error?.message
    }

    private static let said =
        "berth.yaml:2:9: output: there is no folder dist/ after the build; a link to one does not count"

    @Test func `the sources are not published in its place`() async throws {
        let fixture = try BuildFixture()
        #expect(try await failure(fixture, Self.files) == Self.said)
        #expect(try await failure(fixture, Self.files.merging(["dist/a.txt": "a"]) { $1 }) == nil)
    }

    @Test func `nor when a build makes another one`() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                try task.write("build/index.html", "made")
                guard symlink("build", "\(task.directory)/dist") == 0 else { throw .invalid("symlink") }
                return .exited(0)
            })
        #expect(try await failure(fixture, Self.files.merging(["install.sh": "make"]) { $1 }) == Self.said)
    }

    @Test func `the folders of a template are named`() async throws {
        let templates = try TemporaryDirectory("output-folder")
        try FileManager.default.createDirectory(atPath: templates.path("pages"), withIntermediateDirectories: true)
        let manifest = """
            schema: 1
            name: pages
            description: d
            build: {output: {candidates: [site, out/html]}}
            run: {kind: static}

            """
        try Data(manifest.utf8).write(to: URL(fileURLWithPath: templates.path("pages/template.yaml")))
        let fixture = try BuildFixture(templates: templates.path)
        let error = try await fixture.failure(texts: ["index.html": "the sources"], template: "pages")
        #expect(error?.message.hasPrefix("there is no folder to publish: site/, out/html/ after the build") == true)
    }

    @Test func `a line that moves publishes nothing anew`() throws {
        var plan = SitePlan(candidates: ["dist"])
        plan.origin = "berth.yaml:2:9: output"
        let one = try plan.fingerprint(in: nil)
        plan.origin = "berth.yaml:3:9: output"
        #expect(try plan.fingerprint(in: nil) == one)
    }
}
