import Foundation
import Testing

/// Packs that are worth to be read again and again: `Corpus/<verdict>-<what it is>.pack`. All of them build on `base.pack`.
enum PackCorpus {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var isSound: Bool { name.hasPrefix("sound-") }
        var testDescription: String { name }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Corpus")

    /// All but the base, in the order of their names.
    static func all() throws -> [Example] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".pack") && $0 != "base.pack" }
            .map { Example(name: String($0.dropLast(5)), bytes: try read($0)) }
    }

    static func base() throws -> [UInt8] { try read("base.pack") }

    private static func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }
}
