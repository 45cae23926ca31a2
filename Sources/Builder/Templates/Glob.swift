/// A file name pattern: `*` stands for any bytes but `/`, `?` for one. With a leading `/` it is compared with the whole
/// path from the repository's root, without one with each name.
struct Glob: Sendable, Hashable, Codable {
    let pattern: String
    private let bytes: [UInt8]

    var isAnchored: Bool { pattern.utf8.first == UInt8(ascii: "/") }

    init(_ pattern: String) {
        self.pattern = pattern
        bytes = Array(pattern.utf8.drop { $0 == UInt8(ascii: "/") })
    }

    init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(pattern)
    }

    /// Whether the entry `name` at `path` (from the repository's root, no leading `/`) is meant.
    func matches(name: String, path: String) -> Bool { matches(isAnchored ? path : name) }

    /// Compares byte by byte; never more steps than pattern length times text length.
    /// - Parameter isPath: a `/` in the text is matched by a `/` only.
    func matches(_ text: String, isPath: Bool = true) -> Bool {
        let text = Array(text.utf8)
        var (position, next) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while position < text.count {
            if next < bytes.count, bytes[next] == UInt8(ascii: "*") {
                star = (next, position)
                next += 1
            } else if next < bytes.count, bytes[next] == text[position] || Self.isOne(bytes[next], text[position]) {
                next += 1
                position += 1
            } else if let last = star, !isPath || text[last.text] != UInt8(ascii: "/") {
                star = (last.pattern, last.text + 1)
                next = last.pattern + 1
                position = last.text + 1
            } else {
                return false
            }
        }
        return bytes[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func isOne(_ pattern: UInt8, _ byte: UInt8) -> Bool {
        pattern == UInt8(ascii: "?") && byte != UInt8(ascii: "/")
    }
}
