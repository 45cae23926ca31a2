/// A branch's name without `refs/heads/`, held to git's rules (git-check-ref-format, option `--branch`).
public struct BranchName: Sendable, Hashable, CustomStringConvertible {
    public static let prefix = "refs/heads/"
    public static let master = BranchName(known: "master")
    /// Our own bound; git's is the file system's.
    public static let maximumLength = 255

    public let rawValue: String

    private init(known: String) { rawValue = known }

    /// `nil` when git would refuse the name.
    public init?(_ text: String) {
        guard Self.isValid(Array(text.utf8)) else { return nil }
        rawValue = text
    }

    /// The branch of a full ref name, `nil` for tags and everything else.
    public init?(ref: String) {
        guard ref.utf8.starts(with: Self.prefix.utf8) else { return nil }
        self.init(String(decoding: ref.utf8.dropFirst(Self.prefix.utf8.count), as: UTF8.self))
    }

    /// As git compares names.
    public static func == (one: BranchName, other: BranchName) -> Bool {
        ExactText(one.rawValue) == ExactText(other.rawValue)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(rawValue)) }

    public var ref: String { Self.prefix + rawValue }
    public var description: String { rawValue }

    private static func isValid(_ bytes: [UInt8]) -> Bool {
        guard (1...maximumLength).contains(bytes.count), bytes != Array("@".utf8), bytes != Array("HEAD".utf8),
            bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: ".")
        else { return false }
        guard bytes.allSatisfy(isAllowed) else { return false }
        for (byte, next) in zip(bytes, bytes.dropFirst()) {
            if byte == UInt8(ascii: "."), next == byte { return false }
            if byte == UInt8(ascii: "@"), next == UInt8(ascii: "{") { return false }
        }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0.first != UInt8(ascii: ".") && !$0.ends(with: ".lock".utf8)
        }
    }
}

extension BranchName {
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7f: false
        case UInt8(ascii: "~"), UInt8(ascii: "^"), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "*"),
            UInt8(ascii: "["), UInt8(ascii: "\\"):
            false
        default: true
        }
    }
}

extension Collection where Element: Equatable, Self: BidirectionalCollection {
    fileprivate func ends(with other: some BidirectionalCollection<Element>) -> Bool {
        reversed().starts(with: other.reversed())
    }
}
