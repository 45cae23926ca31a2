import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

/// `templates/README.md` and `docs/TEMPLATES.md` say what there is: what they show is read, and no key is left out.
struct AuthorsGuideTests {
    private static let unknown = "zzzzzzzz"

    /// The YAML that a page shows, in its order.
    private func blocks(_ path: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(BuildFixture.templates)/\(path)", encoding: .utf8)
        return text.split(separator: "```yaml\n").dropFirst().map { part in
            String(part.prefix(upTo: part.firstRange(of: "```")?.lowerBound ?? part.endIndex))
        }
    }

    private func problems(_ text: String) -> [String] {
        do throws(TemplateProblems) {
            _ = try TemplateManifestParser.parse(text, file: "t.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// The keys that a message about an unknown one names.
    private func keys(_ problems: [String], in place: String) -> [String] {
        let start = "unknown key \"\(Self.unknown)\"\(place.isEmpty ? "" : " in \(place)"); the keys are: "
        let lists = problems.compactMap { problem in
            problem.firstRange(of: start).map { problem[$0.upperBound...].split(separator: ", ").map(String.init) }
        }
        return lists.count == 1 ? lists[0] : []
    }

    @Test func `what the guide shows is read`() throws {
        let blocks = try blocks("README.md")
        try #require(blocks.count == 8)
        let parts = [[0, 1, 2, 4, 7], [0, 1, 3, 4, 6]].map { $0.map { blocks[$0] }.joined() }
        for text in parts + [blocks[0] + blocks[5] + "run: {kind: static}\n"] {
            #expect(problems(text) == [], "\(text)")
        }
    }

    @Test(
        arguments: [
            ("", "\(unknown): 1"), ("detect", "detect: {\(unknown): 1}"),
            ("detect.any[0]", "detect: {any: [{\(unknown): 1}]}"),
            ("rootfs", "rootfs: {\(unknown): 1}"), ("build", "build: {\(unknown): 1}"),
            ("build.caches[0]", "build: {caches: [{\(unknown): 1}]}"),
            ("build.versions[0]", "build: {versions: [{\(unknown): 1}]}"),
            ("build.output", "build: {output: {\(unknown): 1}}"),
            ("build.publish", "build: {publish: {\(unknown): 1}}"),
            ("build.steps[0]", "build: {steps: [{\(unknown): 1}]}"),
            ("build.steps[0].when", "build: {steps: [{when: {\(unknown): 1}}]}"),
            ("build.steps[0].when.all[0]", "build: {steps: [{when: {all: [{\(unknown): 1}]}}]}"),
            ("build.steps[0].when.all[0].json", "build: {steps: [{when: {all: [{json: {\(unknown): 1}}]}}]}"),
            ("build.steps[0].when.all[0].text", "build: {steps: [{when: {all: [{text: {\(unknown): 1}}]}}]}"),
            ("build.steps[0].reuse", "build: {steps: [{reuse: {\(unknown): 1}}]}"),
            ("build.steps[0].reuse.below", "build: {steps: [{reuse: {below: {\(unknown): 1}}}]}"),
            ("run.commands[0]", "run: {kind: web, commands: [{\(unknown): 1}]}"),
            ("run.release[0]", "run: {kind: web, command: [a], release: [{\(unknown): 1}]}"),
            ("run.commands[0].shell-from", "run: {kind: web, commands: [{shell-from: {\(unknown): 1}}]}"),
            ("run", "run: {kind: web, \(unknown): 1}"),
        ] as [(String, String)])
    func `a key that is not of its place is refused, and the guide has those that are`(
        _ place: String, _ text: String
    ) throws {
        let guide = try blocks("README.md").joined()
        let run = place.hasPrefix("run") ? "" : "run: {kind: static}\n"
        let known = keys(problems("schema: 1\nname: x\ndescription: d\n\(run)\(text)\n"), in: place)
        #expect(!known.isEmpty)
        for key in known { #expect(guide.contains("\(key):"), "\(key) of \(place)") }
    }

    @Test func `the page for apps shows every key of theirs, as it is read`() throws {
        let text = try #require(try blocks("../docs/TEMPLATES.md").first)
        // A worker never sleeps, and the page shows both.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("kind: ") }
        let app = try AppManifestParser.parse(
            Array(lines.joined(separator: "\n").utf8), log: RecordingLogSink())
        #expect(app.limits != nil && app.volumes == ["data"] && app.sleepSeconds == 900 && app.readySeconds == 60)
        let error = #expect(throws: PlatformError.self) {
            try AppManifestParser.parse(Array("\(Self.unknown): 1".utf8), log: RecordingLogSink())
        }
        let known = keys([error?.message ?? ""], in: "")
        #expect(known.count == 11)
        for key in known { #expect("\n\(text)".contains("\n\(key):"), "\(key)") }
    }
}
