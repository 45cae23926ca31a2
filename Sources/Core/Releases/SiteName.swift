extension StaticSite {
    /// The name of a published file: decoded URL path without the leading slash. Names are the same when their bytes are:
    /// two Unicode spellings of one text are two files on disk and two URLs.
    public struct Name: Sendable, Codable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
        public let text: String

        public init(_ text: String) { self.text = text }
        public init(stringLiteral text: String) { self.text = text }

        public var description: String { text }

        public static func < (left: Name, right: Name) -> Bool {
            left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
        }
    }
}

extension StaticSite.Name: Hashable {
    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
