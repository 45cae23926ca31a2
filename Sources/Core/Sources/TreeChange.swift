/// A file's content by its object name: 40 lower-case hex digits (SHA-1).
public struct BlobID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    /// `nil` unless `text` is exactly 40 lower-case hex digits.
    public init?(_ text: String) {
        guard text.utf8.count == 40, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }) else {
            return nil
        }
        rawValue = text
    }

    public var description: String { rawValue }
}

/// A place at which two commits differ.
public struct TreeChange: Sendable, Hashable {
    public enum Entry: Sendable, Hashable {
        case file(BlobID)
        case symlink
        case submodule
    }

    /// From the root, `/` between its parts, no leading one. Names need not be UTF-8.
    public let path: [UInt8]
    /// What the later commit has there; `nil` for nothing, or for a folder.
    public let entry: Entry?

    public init(path: [UInt8], entry: Entry?) {
        self.path = path
        self.entry = entry
    }
}

/// What is not in a commit as it was in an earlier one. A path is in it once.
public struct TreeChanges: Sendable, Hashable {
    public let changes: [TreeChange]
    /// False when there was no earlier commit, or it could not be read: then `changes` has all that the commit has.
    public let isRelative: Bool

    public init(changes: [TreeChange], isRelative: Bool) {
        self.changes = changes
        self.isRelative = isRelative
    }
}
