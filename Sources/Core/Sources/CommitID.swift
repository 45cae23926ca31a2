/// A commit's object name: 40 lower-case hex digits (SHA-1).
public struct CommitID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    /// `nil` unless `text` is exactly 40 hex digits; upper case is folded.
    public init?(_ text: some StringProtocol) {
        guard let folded = Self.folded(String(text)) else { return nil }
        rawValue = folded
    }

    /// Over the bytes themselves: a list of channels has one in each row.
    private static func folded(_ text: String) -> String? {
        var text = text
        let hasUpperCase = text.withUTF8 { bytes -> Bool? in
            guard bytes.count == 40 else { return nil }
            var hasUpperCase = false
            for byte in bytes {
                switch byte {
                case 0x30...0x39, 0x61...0x66: continue
                case 0x41...0x46: hasUpperCase = true
                default: return nil
                }
            }
            return hasUpperCase
        }
        guard let hasUpperCase else { return nil }
        return hasUpperCase ? text.lowercased() : text
    }

    /// The first eight digits, as the deploy log shows them.
    public var short: String { String(rawValue.prefix(8)) }
    public var description: String { rawValue }
}
