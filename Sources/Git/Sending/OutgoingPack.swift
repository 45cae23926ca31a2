import Synchronization

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
    /// Known when it was read once.
    fileprivate let trailer = Trailer()

    fileprivate final class Trailer: Sendable {
        private let known = Mutex<[UInt8]?>(nil)
        var value: [UInt8]? {
            get { known.withLock { $0 } }
            set { known.withLock { $0 = newValue } }
        }
    }

    init(segments: [Segment], made: SpooledPack, objects: Int, size: Int, needsTrailer: Bool) {
        self.segments = segments
        self.made = made
        self.objects = objects
        self.size = size
        self.needsTrailer = needsTrailer
    }

    /// About how many bytes of memory, or of a file of its own, it holds.
    var held: Int { segments.count * MemoryLayout<Segment>.stride + made.size }

    /// Whether it has parts of stored packs of these names.
    func hasParts(of packs: Set<String>) -> Bool {
        segments.contains { if case .stored(let pack, _) = $0 { packs.contains(pack.name) } else { false } }
    }

    /// How to send it without reading it; `nil` when that cannot be, as long as nobody has read it to its end. Blocks.
    package func sent() throws(GitError) -> SentPack? {
        guard !needsTrailer else {
            guard let trailer = trailer.value else { return nil }
            return try SentPack(segments, made: made, trailer: trailer)
        }
        return try SentPack(segments, made: made, trailer: [])
    }

    /// Reads the pack from its beginning.
    package func reader() -> Reader { Reader(self) }

    /// A place in the pack.
    package struct Reader: Sendable {
        /// Stored pieces of so many bytes are not kept in the process's memory: they are read once and go out.
        private static let releaseSize = 1 << 15

        private let pack: OutgoingPack
        private var segment = 0
        private var offset = 0
        private var hash = PlainSHA1()
        /// What is left of the trailer, once all before it was read.
        private var trailer: ArraySlice<UInt8>?

        fileprivate init(_ pack: OutgoingPack) { self.pack = pack }

        private var done = 0

        /// Whether all was read.
        package private(set) var isAtEnd = false

        /// About how many bytes are left.
        package var remaining: Int { max(0, pack.size - done) }

        /// Copies the next bytes into `target` and returns how many: fewer than there is room for only at the end, and
        /// none when all was read. Blocks.
        package mutating func read(into target: UnsafeMutableRawBufferPointer) throws(GitError) -> Int {
            var count = 0
            while count < target.count, segment < pack.segments.count {
                let room = UnsafeMutableRawBufferPointer(rebasing: target[count...])
                let (piece, length) = try take(into: room)
                count += piece
                offset += piece
                if offset == length {
                    segment += 1
                    offset = 0
                }
            }
            if pack.needsTrailer {
                hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
                count += readTrailer(into: UnsafeMutableRawBufferPointer(rebasing: target[count...]))
            }
            done += count
            isAtEnd = segment == pack.segments.count && (!pack.needsTrailer || trailer?.isEmpty == true)
            return count
        }

        /// The next bytes, at most `count`; none when all was read. Blocks.
        package mutating func read(_ count: Int) throws(GitError) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: min(count, pack.size))
            var filled = 0
            var failure: GitError?
            bytes.withUnsafeMutableBytes { target in
                do throws(GitError) { filled = try read(into: target) } catch { failure = error }
            }
            if let failure { throw failure }
            bytes.removeLast(bytes.count - filled)
            return bytes
        }

        private mutating func readTrailer(into target: UnsafeMutableRawBufferPointer) -> Int {
            guard segment == pack.segments.count else { return 0 }
            if trailer == nil {
                let complete = hash
                var bytes: [UInt8] = []
                complete.finish().appendBytes(to: &bytes)
                pack.trailer.value = bytes
                trailer = bytes[...]
            }
            guard let rest = trailer else { return 0 }
            let part = rest.prefix(target.count)
            target.copyBytes(from: part)
            trailer = rest.dropFirst(part.count)
            return part.count
        }

        /// Reads from the segment; returns how many bytes it gave, and its length.
        private func take(
            into target: UnsafeMutableRawBufferPointer
        ) throws(GitError) -> (piece: Int, length: Int) {
            switch pack.segments[segment] {
            case .stored(let stored, let range):
                let start = range.lowerBound + offset
                let end = min(range.upperBound, start + target.count)
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: stored.bytes[start..<end]))
                if end - start >= Self.releaseSize { stored.release(start..<end) }
                return (end - start, range.count)
            case .made(let range):
                let room = UnsafeMutableRawBufferPointer(rebasing: target.prefix(range.count - offset))
                return (try pack.made.read(at: range.lowerBound + offset, into: room), range.count)
            }
        }
    }
}
