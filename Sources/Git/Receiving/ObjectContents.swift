/// The contents of a pack's entries, as far as they are known: the ones used last are kept, the others are made again.
struct ObjectContents: ~Copyable {
    /// Bytes of contents that are kept because deltas may build on them.
    private static let budget = 24 << 20

    private let storage: PackStorage
    private let objects: ReceivedObjects
    private var inflater: ZlibInflater
    private var cache = ContentCache(budget: budget)
    /// Where the comparison of an entry goes on.
    private var compared = 0

    init(storage: PackStorage, objects: ReceivedObjects) throws(GitError) {
        self.storage = storage
        self.objects = objects
        inflater = try ZlibInflater()
    }

    /// Keeps a content for a while.
    mutating func keep(_ content: ObjectBytes, of entry: UInt32) { cache.insert(content, for: entry) }

    /// A content that is still at hand.
    mutating func kept(_ entry: UInt32) -> ObjectBytes? { cache.content(of: entry) }

    mutating func dropAll() { cache.removeAll() }

    /// Makes the content that a delta comes to, after a look at what it says.
    borrowing func apply(
        _ delta: ObjectBytes, to base: ObjectBytes, kind: ObjectKind?
    ) throws(GitError) -> ObjectBytes {
        try delta.withBytes { (bytes) throws(GitError) in
            let delta = try Delta(bytes)
            try objects.checkSize(delta.resultSize, kind: kind)
            try delta.check(base: base.count)
            let result = ObjectBytes(count: delta.resultSize)
            try base.withBytes { (base) throws(GitError) in
                try result.withMutableBytes { (result) throws(GitError) in try delta.apply(to: base, into: result) }
            }
            return result
        }
    }

    /// The content of an entry that is resolved; made again when it was dropped.
    mutating func content(of entry: UInt32, _ store: borrowing ObjectDatabase) throws(GitError) -> ObjectBytes {
        var chain: [UInt32] = []
        var current = entry
        var found = cache.content(of: current)
        while found == nil, objects.entries[Int(current)].isDelta {
            chain.append(current)
            current = objects.entries[Int(current)].base
            found = cache.content(of: current)
        }
        var content: ObjectBytes
        if let found {
            content = found
        } else {
            content = try whole(current, store)
            cache.insert(content, for: current)
        }
        for step in chain.reversed() {
            try objects.tick()
            content = try apply(inflate(step), to: content, kind: nil)
            try objects.spendAgain(content.count)
            cache.insert(content, for: step)
        }
        return content
    }

    /// Bytes of an entry's content, read from its header or its delta's.
    mutating func size(of entry: UInt32) throws(GitError) -> Int {
        let offset = objects.entries[Int(entry)].offset
        let header = try storage.withBytes(at: offset, limit: PackEntryHeader.maximumByteCount) {
            (bytes) throws(GitError) in try PackEntryHeader(bytes)
        }
        guard let header else { throw ZlibInflater.wrongSize }
        guard objects.entries[Int(entry)].isDelta else { return header.size }
        return try inflate(entry).withBytes { (bytes) throws(GitError) in try Delta(bytes).resultSize }
    }

    /// Whether an entry's content is `bytes`, of which it has the size. A whole object is compared piece by piece.
    mutating func equals(
        _ entry: UInt32, _ bytes: UnsafeRawBufferPointer, _ store: borrowing ObjectDatabase
    ) throws(GitError) -> Bool {
        try objects.spendAgain(bytes.count)
        if objects.entries[Int(entry)].isDelta {
            return try content(of: entry, store).withBytes { (content) throws(GitError) in
                content.count == bytes.count && content.elementsEqual(bytes)
            }
        }
        beginComparison(of: entry)
        return try continues(with: bytes)
    }

    /// Begins to compare an entry that is no delta.
    mutating func beginComparison(of entry: UInt32) {
        compared = objects.entries[Int(entry)].offset + Int(objects.entries[Int(entry)].headerSize)
        inflater.reset()
    }

    /// Whether the entry's content goes on with `bytes`.
    mutating func continues(with bytes: UnsafeRawBufferPointer) throws(GitError) -> Bool {
        let window = ObjectBytes(count: min(bytes.count, 1 << 16))
        var produced = 0
        while produced < bytes.count {
            let step = try storage.withBytes(at: compared, limit: 1 << 17) { (input) throws(GitError) in
                try window.withMutableBytes { (output) throws(GitError) in
                    try inflater.step(
                        input, into: UnsafeMutableRawBufferPointer(rebasing: output.prefix(bytes.count - produced)))
                }
            }
            guard step.produced > 0 || step.consumed > 0 else { return false }
            let isSame = try window.withBytes { (window) throws(GitError) in
                window.prefix(step.produced).elementsEqual(bytes[produced..<produced + step.produced])
            }
            guard isSame else { return false }
            compared += step.consumed
            produced += step.produced
        }
        return true
    }

    private mutating func whole(_ entry: UInt32, _ store: borrowing ObjectDatabase) throws(GitError) -> ObjectBytes {
        if entry >= UInt32(objects.count) {
            return try store.read(objects.entries[Int(entry)].id) { (_, bytes) throws(GitError) in
                ObjectBytes(copying: bytes)
            }
        }
        let content = try inflate(entry)
        try objects.spendAgain(content.count)
        return content
    }

    /// Inflates what an entry holds, once more: it was found sound when the pack was read.
    mutating func inflate(_ entry: UInt32) throws(GitError) -> ObjectBytes {
        let offset = objects.entries[Int(entry)].offset
        let header = try storage.withBytes(at: offset, limit: PackEntryHeader.maximumByteCount) {
            (bytes) throws(GitError) in try PackEntryHeader(bytes)
        }
        guard let header else { throw ZlibInflater.wrongSize }
        let content = ObjectBytes(count: header.size)
        try inflate(at: offset + header.byteCount, into: content)
        return content
    }

    private mutating func inflate(at start: Int, into content: ObjectBytes) throws(GitError) {
        inflater.reset()
        var position = start
        var produced = 0
        while true {
            let step = try storage.withBytes(at: position, limit: 1 << 17) { (input) throws(GitError) in
                try content.withMutableBytes { (output) throws(GitError) in
                    try inflater.step(input, into: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
                }
            }
            position += step.consumed
            produced += step.produced
            if step.isFinished { break }
            guard step.consumed > 0 || step.produced > 0 else { throw ZlibInflater.wrongSize }
        }
        guard produced == content.count else { throw ZlibInflater.wrongSize }
    }
}
