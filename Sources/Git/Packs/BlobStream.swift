/// Reads large blobs piece by piece out of packs. What is a delta, or lies loose, has to be in memory as a whole.
struct BlobStream: ~Copyable {
    /// Blobs of fewer bytes are read in one go.
    static let leastBytes = 1 << 20
    private static let pieceSize = 1 << 18
    /// Bytes of a pack that stay in memory after they were read.
    private static let releaseSize = 4 << 20

    private var packs: PackSet
    private var inflater: ZlibInflater
    private let piece = ObjectBytes(count: pieceSize)

    init(_ packs: PackSet) throws(GitError) {
        self.packs = packs
        inflater = try ZlibInflater()
    }

    /// Lends the blob's bytes in order, after a call of `begin` with their count. False, without any call, when the blob is
    /// small or cannot be read so.
    mutating func read(
        _ id: ObjectID, begin: (Int) throws(GitError) -> Void = { (_) in },
        _ body: (UnsafeRawBufferPointer) throws(GitError) -> Void
    ) throws(GitError) -> Bool {
        guard let place = packs.find(id) else { return false }
        let pack = packs.packs[place.pack]
        let (header, start) = try pack.header(at: place.position)
        guard case .object(.blob) = header.content, header.size >= Self.leastBytes else { return false }
        try begin(header.size)
        inflater.reset()
        var position = start
        var released = start
        var produced = 0
        while true {
            let end = min(pack.entries.upperBound, position + Self.releaseSize)
            let input = UnsafeRawBufferPointer(rebasing: pack.bytes[position..<end])
            let step = try piece.withMutableBytes { (output) throws(GitError) in
                try inflater.step(input, into: output)
            }
            position += step.consumed
            produced += step.produced
            guard produced <= header.size else { throw OpenPack.damaged }
            try piece.withBytes { (bytes) throws(GitError) in
                try body(UnsafeRawBufferPointer(rebasing: bytes.prefix(step.produced)))
            }
            if position - released >= Self.releaseSize {
                pack.release(released..<position)
                released = position
            }
            if step.isFinished { break }
            guard step.consumed > 0 || step.produced > 0 else { throw OpenPack.damaged }
        }
        guard produced == header.size else { throw OpenPack.damaged }
        return true
    }
}
