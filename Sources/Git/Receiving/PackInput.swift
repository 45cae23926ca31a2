import CZlib

/// Reads a pack from its first byte to the last before its trailer, once: sums up what it reads, for the trailer and for
/// each entry.
final class PackInput {
    private static let windowSize = 1 << 18

    private let storage: PackStorage
    private let buffer: UnsafeMutableRawBufferPointer
    /// Where the entries end and the trailer begins.
    let end: Int
    /// The offset of the next byte.
    private(set) var position = 0
    private var start = 0
    private var filled = 0
    private var loaded = 0
    private var sum = PlainSHA1()
    private var crc: UInt = 0

    /// Throws `.refused` when the storage is too short for any pack.
    init(_ storage: PackStorage) throws(GitError) {
        guard storage.size >= PackHeader.byteCount + ObjectID.byteCount else {
            throw PackHeader.damaged("it ends early")
        }
        self.storage = storage
        end = storage.size - ObjectID.byteCount
        buffer = .allocate(byteCount: min(Self.windowSize, storage.size), alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// Lends the next bytes: at least `count`, unless the entries end before.
    func peek(_ count: Int) throws(GitError) -> UnsafeRawBufferPointer {
        if filled - start < count, loaded < end { try load() }
        return UnsafeRawBufferPointer(rebasing: buffer[start..<filled])
    }

    /// Goes on by `count` bytes that were lent.
    func take(_ count: Int) {
        crc = Self.crc(crc, UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
        start += count
        position += count
    }

    /// Begins the sum of an entry.
    func beginEntry() { crc = 0 }

    /// The CRC-32 of the bytes since then.
    var entrySum: UInt32 { UInt32(truncatingIfNeeded: crc) }

    /// CRC-32 of bytes that follow those that came to `sum`.
    static func crc(_ sum: UInt, _ bytes: UnsafeRawBufferPointer) -> UInt {
        guard let base = bytes.baseAddress else { return sum }
        return crc32_z(sum, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// Throws `.refused` unless all was read, and the trailer is the hash of it.
    func finish() throws(GitError) -> ObjectID {
        guard position == end else { throw PackHeader.damaged("bytes follow its last entry") }
        let trailer = try storage.withBytes(at: end, limit: ObjectID.byteCount) { (bytes) throws(GitError) in
            guard bytes.count == ObjectID.byteCount else { throw PackHeader.damaged("it ends early") }
            return ObjectID(bytes, at: 0)
        }
        guard sum.finish() == trailer else { throw PackHeader.damaged("its check sum is wrong") }
        return trailer
    }

    private func load() throws(GitError) {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<filled]))
        filled -= start
        start = 0
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...].prefix(end - loaded))
        let count = try storage.read(at: loaded, into: room)
        guard count > 0 else { throw PackHeader.damaged("it ends early") }
        sum.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
        loaded += count
        filled += count
    }
}

/// The first bytes of a pack.
enum PackHeader {
    static let byteCount = 12

    /// The number of entries. Throws `.refused` when the bytes are no header of version 2 or 3.
    static func count(_ bytes: UnsafeRawBufferPointer) throws(GitError) -> Int {
        guard bytes.count >= byteCount, bytes.starts(with: "PACK".utf8) else {
            throw damaged("it does not begin like one")
        }
        let version = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard version == 2 || version == 3 else { throw damaged("it has version \(version)") }
        return Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    }

    static func encode(count: Int) -> [UInt8] {
        Array("PACK".utf8) + [0, 0, 0, 2] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    }

    static func damaged(_ how: String) -> GitError {
        GitError(.refused, "the pack is damaged: \(how)", operation: "index")
    }
}
