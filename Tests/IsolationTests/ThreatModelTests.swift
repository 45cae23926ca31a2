import Foundation
import Testing

/// What docs/threat-model.md says is shown, and by which test.
@Suite struct ThreatModelTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The files of all tests, by name without ending.
    private static func sources() throws -> [String: String] {
        let folder = root.appendingPathComponent("Tests")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var sources: [String: String] = [:]
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift", file.lastPathComponent != "ThreatModelTests.swift" else { continue }
            sources[file.deletingPathExtension().lastPathComponent, default: ""] += try String(
                contentsOf: file, encoding: .utf8)
        }
        return sources
    }

    @Test func `every test and every file of tests that the threat model names is there`() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("docs/threat-model.md"), encoding: .utf8)
        let sources = try Self.sources()
        let names = text.matches(of: /`([^`\n]+)`/).map { String($0.output.1) }
        // Tests have sentences for names; what is left out of one is an ellipsis.
        let sentences = names.filter { $0.split(separator: " ").count > 2 && !$0.hasPrefix("-") }
        #expect(sentences.count > 50)
        for sentence in sentences {
            let parts = sentence.split(separator: "…").map { $0.trimmingCharacters(in: [" ", ","]) }
                .filter { !$0.isEmpty }
            #expect(sources.values.contains { source in parts.allSatisfy { source.contains($0) } }, "\(sentence)")
        }
        let files = names.filter { $0.hasSuffix("Tests") && !$0.contains("/") }
        #expect(files.count > 10)
        for file in files { #expect(sources[file] != nil, "\(file)") }
    }
}
