import Core

/// The name of a Postgres extension that an operator allows.
public struct ExtensionName: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    /// Throws `.invalid` unless it is 1 to 63 lower-case letters, digits, underscores and hyphens.
    public init(_ text: String) throws(PlatformError) {
        let isAllowed = text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
        }
        guard isAllowed, (1...63).contains(text.utf8.count) else {
            throw .invalid("postgres-extensions: \"\(text)\" is not the name of an extension")
        }
        rawValue = text
    }

    /// Quoted for a statement.
    public var description: String { "\"\(rawValue)\"" }
}
