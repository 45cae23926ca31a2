import Foundation
import Testing

/// Bodies of requests that are worth to be sent again and again: `Corpus/<kind>-<what it is>`.
///
/// Names of objects in them stand for those of a real repository: forty times `a` for the tip of `main`, `b` for an older
/// commit, `c` for the first one, `d` for an annotated tag, `e` for a tree and `f` for a file.
enum RequestCorpus {
    enum Kind: String, Sendable {
        /// No request, but packets of all sorts.
        case packets
        /// To `git-upload-pack` by protocol 0.
        case fetch0
        /// To `git-upload-pack` by protocol 2.
        case fetch2
        /// To `git-receive-pack`.
        case push
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let kind: Kind
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Corpus")

    /// In the order of their names.
    static func all() throws -> [Example] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().compactMap { name in
            guard let kind = Kind(rawValue: String(name.prefix { $0 != "-" })) else { return nil }
            return Example(
                kind: kind, name: name, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }

    /// The same bytes with real names of objects, by the letter that stands for each.
    static func resolved(_ bytes: [UInt8], _ names: [Character: String]) -> [UInt8] {
        var bytes = bytes
        for (letter, name) in names {
            let placeholder = Array(String(repeating: letter, count: 40).utf8)
            var start = 0
            while let range = bytes[start...].firstRange(of: placeholder) {
                bytes.replaceSubrange(range, with: Array(name.utf8))
                start = range.upperBound
            }
        }
        return bytes
    }
}
