import Glibc
import Synchronization

/// A pack of the store with its index. Stays readable when another git program removes the files.
final class OpenPack: Sendable {
    private static let headerSize = 12
    private static let trailerSize = 20

    /// `pack-<hash>`
    let name: String
    /// What its objects count as being from, seconds since 1970.
    let time: Int
    /// When it came to its place, seconds since 1970.
    let changeTime: Int
    let index: PackIndex
    private let file: MappedFile
    /// The entries in the order of the pack: where each begins, and its place in the order of names.
    private let order = Mutex<[(offset: Int, position: Int)]?>(nil)

    /// - Parameter path: of the files, without `.pack` and `.idx`.
    init(_ path: String) throws(GitError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        var status = stat()
        guard stat(path + ".pack", &status) == 0 else { throw LibGit2.systemError("stat") }
        time = status.st_mtim.tv_sec
        changeTime = status.st_ctim.tv_sec
        index = try PackIndex(path + ".idx")
        file = try MappedFile(path + ".pack")
        guard file.bytes.count >= Self.headerSize + Self.trailerSize, file.bytes.starts(with: "PACK".utf8) else {
            throw Self.damaged
        }
    }

    /// The whole file.
    var bytes: UnsafeRawBufferPointer { file.bytes }

    /// The entries, without the file's header and trailer.
    var entries: Range<Int> { Self.headerSize..<file.bytes.count - Self.trailerSize }

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
