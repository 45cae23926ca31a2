import Glibc

/// Writes an index of version 2 (gitformat-pack, "Version 2 pack-*.idx files").
struct PackIndexWriter {
    private static let chunk = 1 << 20

    private let file: OpenFile
    private var buffer: [UInt8] = []
    private var sum = PlainSHA1()

    private init(_ file: OpenFile) {
        self.file = file
        buffer.reserveCapacity(Self.chunk + 64)
    }

    /// Writes the index of `entries`, in any order, into `file`.
    static func write(_ entries: [PackEntry], trailer: ObjectID, to file: OpenFile) throws(GitError) {
        var writer = PackIndexWriter(file)
        let order = entries.indices.sorted { entries[$0].id < entries[$1].id }
        try writer.append32(0xff74_4f63)
        try writer.append32(2)
        var counts = [UInt32](repeating: 0, count: 256)
        for entry in entries { counts[Int(entry.id.firstByte)] += 1 }
        var sum: UInt32 = 0
        for count in counts {
            sum += count
            try writer.append32(sum)
        }
        for index in order {
            entries[index].id.appendBytes(to: &writer.buffer)
            try writer.drain()
        }
        for index in order { try writer.append32(entries[index].crc) }
        var large: [Int] = []
        for index in order {
            let offset = entries[index].offset
            if offset < 1 << 31 {
                try writer.append32(UInt32(offset))
            } else {
                try writer.append32(1 << 31 | UInt32(large.count))
                large.append(offset)
            }
        }
        for offset in large {
            try writer.append32(UInt32(truncatingIfNeeded: offset >> 32))
            try writer.append32(UInt32(truncatingIfNeeded: offset))
        }
        trailer.appendBytes(to: &writer.buffer)
        try writer.flush()
        let hash = writer.sum.finish()
        hash.appendBytes(to: &writer.buffer)
        try FileSystem.write(writer.buffer, to: file.number)
    }

    private mutating func append32(_ value: UInt32) throws(GitError) {
        for shift: UInt32 in [24, 16, 8, 0] { buffer.append(UInt8(truncatingIfNeeded: value >> shift)) }
        try drain()
    }

    private mutating func drain() throws(GitError) {
        if buffer.count >= Self.chunk { try flush() }
    }

    private mutating func flush() throws(GitError) {
        sum.update(buffer)
        try FileSystem.write(buffer, to: file.number)
        buffer.removeAll(keepingCapacity: true)
    }
}
