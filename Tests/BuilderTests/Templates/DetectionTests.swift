import Foundation
import TestSupport
import Testing

@testable import Builder

struct DetectionTests {
    private func matches(_ detect: String, _ files: [String: String]) throws -> Bool {
        let text = "schema: 1\nname: x\ndescription: d\nrun: {kind: static}\ndetect: {\(detect)}\n"
        let manifest = try TemplateManifestParser.parse(text, file: "t.yaml")
        let wanted = manifest.filesToRead
        return manifest.detect.matches(
            CommitView(
                entries: files.keys.sorted(),
                contents: files.filter { wanted.contains($0.key) }.mapValues { Array($0.utf8) }))
    }

    private static let flask = "any: [{file: requirements.txt, contains: flask==}]"
    private static let next = "all: [package.json, {file: package.json, field: [dependencies, next]}]"

    @Test(
        arguments: [
            (flask, ["requirements.txt": "gunicorn\nflask==3.0\n"], true),
            (flask, ["requirements.txt": "Flask==3.0\n"], false), (flask, ["requirements.txt": ""], false),
            (flask, ["other.txt": "flask==3.0"], false), (flask, [:], false),
            (next, ["package.json": #"{"dependencies": {"next": "14"}}"#], true),
            (next, ["package.json": #"{"dependencies": {"next": {}}}"#], true),
            (next, ["package.json": #"{"dependencies": {"next": null}}"#], false),
            (next, ["package.json": #"{"dependencies": {"next": false}}"#], false),
            (next, ["package.json": #"{"dependencies": {"react": "18"}}"#], false),
            (next, ["package.json": #"{"dependencies": ["next"]}"#], false),
            (next, ["package.json": "<<<<<<<"], false), (next, [:], false),
            ("any: [a.txt, {file: b.json, field: [c]}]", ["a.txt": ""], true),
            ("any: [a.txt, {file: b.json, field: [c]}]", ["b.json": #"{"c": 0}"#], true),
            ("all: [a.txt, {file: b.json, field: [c]}]", ["b.json": #"{"c": 0}"#], false),
            ("all: [], any: []", ["a.txt": ""], false),
        ])
    func theContentOfFilesTellsTheTemplate(_ detect: String, _ files: [String: String], _ expected: Bool) throws {
        #expect(try matches(detect, files) == expected)
    }

    @Test func aFileThatCannotBeReadIsNoMatchAndNoMistake() throws {
        let text = "schema: 1\nname: x\ndescription: d\nrun: {kind: static}\ndetect: {\(Self.next)}\n"
        let manifest = try TemplateManifestParser.parse(text, file: "t.yaml")
        let view = CommitView(entries: ["package.json"], contents: [:])
        #expect(!manifest.detect.matches(view))
        #expect(try PlanResolver.resolve(manifest, view: view).steps.isEmpty)
    }

    @Test func theLogNamesTheTemplateThatTheContentFits() async throws {
        let templates = try TemporaryDirectory("detection-test")
        for (name, detect) in [
            ("plain", "{all: [index.html]}"), ("special", "{any: [{file: a.json, field: [special]}]}"),
        ] {
            try FileManager.default.createDirectory(
                atPath: templates.path(name), withIntermediateDirectories: true)
            let text = "schema: 1\nname: \(name)\ndescription: d\nrun: {kind: static}\ndetect: \(detect)\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: templates.path("\(name)/template.yaml")))
        }
        let fixture = try BuildFixture(templates: templates.path)
        _ = try await fixture.build(texts: ["a.json": #"{"special": true}"#], template: "plain")
        _ = try await fixture.build(texts: ["a.json": #"{"special": false}"#], template: "plain")
        #expect(
            fixture.log.lines.filter { $0.hasPrefix("note:") } == [
                "note: this looks like a special app; it is built with the template plain"
            ])
    }
}
