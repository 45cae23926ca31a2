import CGit2
import Glibc

/// A pack that was read and checked, and is not yet kept.
struct ReceivedPack {
    private let storage: PackStorage
    private let trailer: ObjectID
    private let objects: ReceivedObjects
    private let isKnown: Bool

    init(storage: PackStorage, trailer: ObjectID, objects: ReceivedObjects, isKnown: Bool) {
        self.isKnown = isKnown
        self.storage = storage
        self.trailer = trailer
        self.objects = objects
    }

    /// Objects in it.
    var count: Int { objects.count }

    /// Whether there is nothing to keep that is not kept already.
    var isEmpty: Bool { objects.count == 0 || isKnown }

    /// The kind of a new object, `nil` when the pack does not hold it.
    func kind(of id: ObjectID) -> ObjectKind? {
        objects.table.find(id).flatMap { objects.table.records[$0].kind }
    }

    /// Writes the pack, complete with the bases that it left out, and its index.
    /// - Parameter file: is empty, or holds the pack as it came when that came in a file.
    /// - Returns: the hash that the pack is named by.
    func write(
        to file: OpenFile, index: OpenFile, store: borrowing ObjectDatabase
    ) throws(GitError) -> ObjectID {
        let bases = objects.entries.indices.filter { $0 >= objects.count && isNeeded($0) }
        var name = trailer
        if !storage.isFile { try copy(to: file) }
        if !bases.isEmpty { name = try complete(file, bases, store) }
        _ = cgit2_begin_writeback(file.number)
        var entries = objects.entries
        entries.removeLast(entries.count - objects.count)
        entries += bases.map { objects.entries[$0] }
        try PackIndexWriter.write(entries, trailer: name, to: index)
        return name
    }

    /// Whether a base from the store has not turned out to be in the pack as well.
    private func isNeeded(_ entry: Int) -> Bool {
        objects.table.find(objects.entries[entry].id).map { objects.table.records[$0].entry } == UInt32(entry)
    }

    private func copy(to file: OpenFile) throws(GitError) {
        var position = 0
        while position < storage.size {
            position += try storage.withBytes(at: position, limit: storage.size) { (bytes) throws(GitError) in
                try FileSystem.write(bytes, to: file.number)
                return bytes.count
            }
        }
    }

    /// Adds the bases in place of the trailer, and mends the count and the trailer.
    private func complete(
        _ file: OpenFile, _ bases: [Int], _ store: borrowing ObjectDatabase
    ) throws(GitError) -> ObjectID {
        let header = PackHeader.encode(count: objects.count + bases.count)
        let end = storage.size - ObjectID.byteCount
        guard pwrite(file.number, header, header.count, 0) == header.count,
            lseek(file.number, off_t(end), SEEK_SET) == off_t(end)
        else { throw LibGit2.systemError("write") }
        var sum = PlainSHA1()
        sum.update(header)
        var position = header.count
        while position < end {
            position += try storage.withBytes(at: position, limit: end - position) { (bytes) throws(GitError) in
                sum.update(bytes)
                guard !bytes.isEmpty else { throw LibGit2.systemError("read", EIO) }
                return bytes.count
            }
        }
        var offset = end
        for base in bases {
            let entry = objects.entries[base]
            objects.entries[base].offset = offset
            var crc: UInt = 0
            try store.read(entry.id) { (kind, bytes) throws(GitError) in
                func write(_ piece: UnsafeRawBufferPointer) throws(GitError) {
                    try FileSystem.write(piece, to: file.number)
                    sum.update(piece)
                    crc = PackInput.crc(crc, piece)
                    offset += piece.count
                }
                let header = PackEntryHeader.encode(.object(kind), size: bytes.count)
                try header.span.bytes.withUnsafeBytes { (header) throws(GitError) in try write(header) }
                // What is written here is in the store already, and small again after the next repacking.
                try ZlibDeflater.deflate(bytes, level: 1, write)
            }
            objects.entries[base].crc = UInt32(truncatingIfNeeded: crc)
        }
        let trailer = sum.finish()
        var bytes: [UInt8] = []
        trailer.appendBytes(to: &bytes)
        try FileSystem.write(bytes, to: file.number)
        return trailer
    }
}
