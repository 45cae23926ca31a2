import Glibc
import Synchronization

/// A pack of the store with its index. Stays readable when another git program removes the files.
final class OpenPack: Sendable {
    private static let headerSize = 12
    private static let trailerSize = 20
    /// No stream of zlib's comes to more than so many times its bytes (zlib technical details, "Maximum Compression Factor").
    private static let greatestRatio = 1032

    /// `pack-<hash>`
    let name: String
    /// Of the files, without `.pack` and `.idx`.
    private let path: String
    /// The times as the file was opened.
    private let opened: (modified: Int, changed: Int)
    let index: PackIndex
    private let file: MappedFile
    /// The entries in the order of the pack: where each begins, and its place in the order of names.
    private let order = Mutex<[(offset: Int, position: Int)]?>(nil)

    /// - Parameter path: of the files, without `.pack` and `.idx`.
    init(_ path: String) throws(GitError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.path = path
        guard let times = FileSystem.times(of: path + ".pack") else { throw LibGit2.systemError("stat") }
        opened = times
        index = try PackIndex(path + ".idx")
        file = try MappedFile(path + ".pack")
        guard file.bytes.count >= Self.headerSize + Self.trailerSize, file.bytes.starts(with: "PACK".utf8) else {
            throw Self.damaged
        }
    }

    /// What its objects count as being from, seconds since 1970. Read anew: git freshens a pack's time instead of writing
    /// an object once more.
    var time: Int { (FileSystem.times(of: path + ".pack") ?? opened).modified }

    /// When it came to its place or was freshened, seconds since 1970.
    var changeTime: Int { (FileSystem.times(of: path + ".pack") ?? opened).changed }

    /// The whole file.
    var bytes: UnsafeRawBufferPointer { file.bytes }

    /// The entries, without the file's header and trailer.
    var entries: Range<Int> { Self.headerSize..<file.bytes.count - Self.trailerSize }

    /// The file once more, for whoever sends it; `nil` when it is gone.
    func sentFile() -> SentFile? {
        guard let file = try? SentFile(path + ".pack"), file.size == bytes.count else { return nil }
        return file
    }

    /// Takes a range of the file out of the process's memory until it is read again.
    func release(_ range: Range<Int>) { file.release(range) }

    /// One object's entry.
    struct Entry {
        let header: PackEntryHeader
        /// Where the header begins.
        let offset: Int
        /// Where the next entry begins.
        let end: Int

        /// The compressed bytes.
        var content: Range<Int> { offset + header.byteCount..<end }
    }

    /// The entry of the object at a place in the order of names.
    func entry(at position: Int) throws(GitError) -> Entry {
        let offset = try index.offset(at: position)
        let end = try end(of: offset)
        guard offset >= Self.headerSize, end > offset,
            let header = try PackEntryHeader(UnsafeRawBufferPointer(rebasing: file.bytes[offset..<end])),
            offset + header.byteCount < end
        else { throw Self.damaged }
        return Entry(header: header, offset: offset, end: end)
    }

    /// The header of the entry of the object at a place in the order of names, and where its compressed bytes begin. Unlike
    /// `entry` it does not ask where they end.
    func header(at position: Int) throws(GitError) -> (header: PackEntryHeader, start: Int) {
        try header(from: index.offset(at: position))
    }

    /// The same of the entry that begins at `offset`.
    func header(from offset: Int) throws(GitError) -> (header: PackEntryHeader, start: Int) {
        guard entries.contains(offset),
            let header = try PackEntryHeader(UnsafeRawBufferPointer(rebasing: file.bytes[offset..<entries.upperBound]))
        else { throw Self.damaged }
        let start = offset + header.byteCount
        // A damaged header may name any size, and others add sizes up.
        guard header.size / Self.greatestRatio <= entries.upperBound - start else { throw Self.damaged }
        return (header, start)
    }

    /// The name of the object that a delta at `offset` builds on.
    func base(of header: PackEntryHeader, at offset: Int) throws(GitError) -> ObjectID? {
        switch header.content {
        case .object: return nil
        case .referenceDelta(let base): return base
        case .offsetDelta(let distance):
            guard distance < offset, let found = try place(of: offset - distance) else { throw Self.damaged }
            return index.id(at: try sorted()[found].position)
        }
    }

    /// The kind of an object, `nil` when the pack does not hold it. What is a delta is of its base's kind.
    func kind(of id: ObjectID) throws(GitError) -> ObjectKind? {
        var next = index.position(of: id)
        for _ in 0..<index.count {
            guard let position = next else { return nil }
            let entry = try entry(at: position)
            if case .object(let kind) = entry.header.content { return kind }
            next = try base(of: entry.header, at: entry.offset).flatMap { index.position(of: $0) }
        }
        throw Self.damaged
    }

    private func end(of offset: Int) throws(GitError) -> Int {
        let order = try sorted()
        guard let place = try place(of: offset) else { throw Self.damaged }
        let end = place + 1 < order.count ? order[place + 1].offset : file.bytes.count - Self.trailerSize
        guard end <= file.bytes.count - Self.trailerSize else { throw Self.damaged }
        return end
    }

    private func place(of offset: Int) throws(GitError) -> Int? {
        let order = try sorted()
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if order[middle].offset == offset { return middle }
            if order[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private func sorted() throws(GitError) -> [(offset: Int, position: Int)] {
        if let known = order.withLock({ $0 }) { return known }
        var made: [(offset: Int, position: Int)] = []
        made.reserveCapacity(index.count)
        for position in 0..<index.count { made.append((try index.offset(at: position), position)) }
        made.sort { $0.offset < $1.offset }
        order.withLock { $0 = made }
        return made
    }

    static let damaged = GitError(.library(-1), "a pack is damaged", operation: "pack")
}

/// A file that is open to be sent.
package final class SentFile: Sendable {
    package var descriptor: CInt { file.number }
    /// Bytes.
    package let size: Int
    private let file: OwnedDescriptor

    fileprivate init(_ path: String) throws(GitError) {
        file = try OwnedDescriptor(path, flags: O_RDONLY)
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw LibGit2.systemError("fstat") }
        size = Int(status.st_size)
    }
}
