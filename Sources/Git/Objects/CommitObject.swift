/// What the platform reads of a commit.
package struct CommitObject: Sendable, Hashable {
    package let tree: ObjectID
    package let parents: [ObjectID]
    /// The committer's time, seconds since 1970.
    package let time: Int

    /// Reads a commit's header and refuses what git-fsck calls an error in it.
    package init(_ bytes: UnsafeRawBufferPointer, id: ObjectID) throws(GitError) {
        var lines = HeaderLines(bytes)
        guard let tree = lines.objectID("tree ") else { throw Self.bad(id, "has no tree") }
        var parents: [ObjectID] = []
        while let parent = lines.objectID("parent ") { parents.append(parent) }
        guard let author = lines.line("author "), HeaderLines.time(author) != nil else {
            throw Self.bad(id, "has no valid author line")
        }
        // A commit that was made by old tools can have two author lines; git-fsck lets one more pass only for them.
        guard let committer = lines.line("committer "), let time = HeaderLines.time(committer) else {
            throw Self.bad(id, "has no valid committer line")
        }
        guard !lines.headerHasZeroByte else { throw Self.bad(id, "has a zero byte in its header") }
        self.tree = tree
        self.parents = parents
        self.time = time
    }

    private static func bad(_ id: ObjectID, _ what: String) -> GitError {
        GitError(.refused, "commit \(id) \(what)", operation: "fsck")
    }
}

/// What the platform reads of an annotated tag.
package struct TagObject: Sendable, Hashable {
    package let target: ObjectID
    package let kind: ObjectKind

    package init(_ bytes: UnsafeRawBufferPointer, id: ObjectID) throws(GitError) {
        var lines = HeaderLines(bytes)
        guard let target = lines.objectID("object "),
            let kind = lines.line("type ").flatMap({ ObjectKind(rawValue: String(decoding: $0, as: UTF8.self)) }),
            let name = lines.line("tag "), !name.isEmpty, !lines.headerHasZeroByte
        else { throw GitError(.refused, "tag \(id) is malformed", operation: "fsck") }
        self.target = target
        self.kind = kind
    }
}

/// The lines before the first empty one of a commit or a tag.
struct HeaderLines {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The rest of the next line when it begins with `prefix`; otherwise the line stays to be read.
    mutating func line(_ prefix: StaticString) -> UnsafeRawBufferPointer? {
        let count = prefix.utf8CodeUnitCount
        guard let base = bytes.baseAddress, position + count <= bytes.count,
            UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
                .elementsEqual(UnsafeBufferPointer(start: prefix.utf8Start, count: count)),
            let end = bytes[(position + count)...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let start = position + count
        position = end + 1
        return UnsafeRawBufferPointer(start: base + start, count: end - start)
    }

    mutating func objectID(_ prefix: StaticString) -> ObjectID? {
        let before = position
        guard let text = line(prefix) else { return nil }
        if let id = ObjectID(hex: text) { return id }
        position = before
        return nil
    }

    /// Whether a zero byte stands before the empty line that ends the header.
    var headerHasZeroByte: Bool {
        var previous = UInt8(ascii: "\n")
        for byte in bytes {
            if byte == 0 { return true }
            if byte == UInt8(ascii: "\n"), previous == byte { return false }
            previous = byte
        }
        return false
    }

    /// The seconds of `Name <mail> 1700000000 +0000`.
    static func time(_ line: UnsafeRawBufferPointer) -> Int? {
        guard let bracket = line.lastIndex(of: UInt8(ascii: ">")), line.contains(UInt8(ascii: "<")) else { return nil }
        let parts = line[(bracket + 1)...].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        guard parts.count == 2, let first = parts.first else { return nil }
        return Int(String(decoding: first, as: UTF8.self))
    }
}
