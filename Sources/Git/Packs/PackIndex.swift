/// An index of a pack, version 2 (gitformat-pack, "pack-*.idx files"): names in order, and where each object begins.
struct PackIndex: Sendable {
    private static let headerSize = 8
    private static let fanoutSize = 256 * 4
    private static let trailerSize = 40

    let count: Int
    private let file: MappedFile
    private let names: Int
    private let offsets: Int
    private let largeOffsets: Int
    private let largeCount: Int

    /// Throws when the file is no such index; what it says of the pack is checked when it is used.
    init(_ path: String) throws(GitError) {
        file = try MappedFile(path)
        let bytes = file.bytes
        guard bytes.count >= Self.headerSize + Self.fanoutSize + Self.trailerSize,
            bytes.starts(with: [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2])
        else { throw Self.damaged }
        count = Self.number(bytes, at: Self.headerSize + 255 * 4)
        names = Self.headerSize + Self.fanoutSize
        offsets = names + count * (ObjectID.byteCount + 4)
        largeOffsets = offsets + count * 4
        let rest = bytes.count - largeOffsets - Self.trailerSize
        guard rest >= 0, rest % 8 == 0 else { throw Self.damaged }
        largeCount = rest / 8
    }

    /// The object's place in the order of names, `nil` when the pack does not hold it.
    func position(of id: ObjectID) -> Int? {
        let first = Int(id.firstByte)
        var low = first == 0 ? 0 : fanout(first - 1)
        var high = fanout(first)
        guard low <= high, high <= count else { return nil }
        while low < high {
            let middle = (low + high) / 2
            let found = self.id(at: middle)
            if found == id { return middle }
            if found < id { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    func id(at position: Int) -> ObjectID { ObjectID(file.bytes, at: names + position * ObjectID.byteCount) }

    /// All names, in order.
    var ids: some RandomAccessCollection<ObjectID> { (0..<count).lazy.map { id(at: $0) } }

    /// The CRC-32 of the object's entry.
    func checkSum(at position: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: Self.number(file.bytes, at: names + count * ObjectID.byteCount + position * 4))
    }

    /// Where the object's entry begins in the pack. Throws when the index is damaged.
    func offset(at position: Int) throws(GitError) -> Int {
        let offset = Self.number(file.bytes, at: offsets + position * 4)
        guard offset & 0x8000_0000 != 0 else { return offset }
        let index = offset & 0x7fff_ffff
        guard index < largeCount else { throw Self.damaged }
        let large = UInt64(
            bigEndian: file.bytes.loadUnaligned(fromByteOffset: largeOffsets + index * 8, as: UInt64.self))
        guard let offset = Int(exactly: large) else { throw Self.damaged }
        return offset
    }

    private func fanout(_ byte: Int) -> Int { Self.number(file.bytes, at: Self.headerSize + byte * 4) }

    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    static let damaged = GitError(.library(-1), "a pack's index is damaged", operation: "pack index")
}
