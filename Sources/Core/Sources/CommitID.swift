/// A commit's object name: 40 lower-case hex digits (SHA-1).
public struct CommitID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    /// `nil` unless `text` is exactly 40 hex digits; upper case is folded.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 40,
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0)
            })
        else { return nil }
        rawValue = text.lowercased()
    }

    /// The first eight digits, as the deploy log shows them.
    public var short: String { String(rawValue.prefix(8)) }
    public var description: String { rawValue }
}
