/// A pack that is ready to be sent, made of parts of stored packs and of bytes of its own.
package struct OutgoingPack: Sendable {
    enum Segment: Sendable {
        /// Bytes of a stored pack, as they are.
        case stored(OpenPack, Range<Int>)
        /// Bytes that were made for this pack.
        case made(Range<Int>)
    }

    /// Objects in it.
    package let objects: Int
    /// Bytes, with the trailer.
    package let size: Int
    fileprivate let segments: [Segment]
    fileprivate let made: SpooledPack
    /// False for a stored pack that is sent whole: it ends in a trailer already.
    fileprivate let needsTrailer: Bool

    init(segments: [Segment], made: SpooledPack, objects: Int, size: Int, needsTrailer: Bool) {
        self.segments = segments
        self.made = made
        self.objects = objects
        self.size = size
        self.needsTrailer = needsTrailer
    }

    /// About how many bytes of memory it holds.
    var memory: Int { segments.count * MemoryLayout<Segment>.stride + made.memory }

    /// Reads the pack from its beginning.
    package func reader() -> Reader { Reader(self) }

    /// A place in the pack.
    package struct Reader: Sendable {
        /// Stored pieces of so many bytes are not kept in the process's memory: they are read once and go out.
        private static let releaseSize = 1 << 16

        private let pack: OutgoingPack
        private var segment = 0
        private var offset = 0
        private var hash = PlainSHA1()

        fileprivate init(_ pack: OutgoingPack) { self.pack = pack }

        /// Whether all was read.
        package private(set) var isAtEnd = false

        /// The next bytes, `count` of them and at the end up to 20 more; none when all was read. Blocks.
        package mutating func read(_ count: Int) throws(GitError) -> [UInt8] {
            guard !isAtEnd else { return [] }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(min(count + ObjectID.byteCount, pack.size))
            while bytes.count < count, segment < pack.segments.count {
                let (piece, length) = try take(count - bytes.count, to: &bytes)
                offset += piece
                if offset == length {
                    segment += 1
                    offset = 0
                }
            }
            isAtEnd = segment == pack.segments.count
            guard pack.needsTrailer else { return bytes }
            hash.update(bytes)
            if isAtEnd {
                let complete = hash
                complete.finish().appendBytes(to: &bytes)
            }
            return bytes
        }

        /// Reads from the segment; returns the bytes that it gave and its length.
        private func take(_ room: Int, to bytes: inout [UInt8]) throws(GitError) -> (piece: Int, length: Int) {
            switch pack.segments[segment] {
            case .stored(let stored, let range):
                let start = range.lowerBound + offset
                let end = min(range.upperBound, start + room)
                bytes.append(contentsOf: stored.bytes[start..<end])
                if end - start >= Self.releaseSize { stored.release(start..<end) }
                return (end - start, range.count)
            case .made(let range):
                let start = range.lowerBound + offset
                let piece = try pack.made.read(at: start, count: min(range.upperBound - start, room))
                bytes.append(contentsOf: piece)
                return (piece.count, range.count)
            }
        }
    }
}
