/// Reads a pack once, from its first byte to its last: inflates and names each object, checks it by itself, resolves its
/// deltas. Nothing is allocated for what a header only claims.
struct PackReceiver: ~Copyable {
    /// Blobs above this many bytes are never in memory as a whole, unless a delta builds on them.
    private static let streamLimit = 256 << 10

    private let input: PackInput
    private let objects: ReceivedObjects
    private let hasher: ObjectHasher
    private var inflater: ZlibInflater
    private var resolver: DeltaResolver
    private let window: ObjectBytes

    private init(_ input: PackInput, _ resolver: consuming DeltaResolver, _ objects: ReceivedObjects) throws(GitError) {
        let hasher = try ObjectHasher()
        let inflater = try ZlibInflater()
        self.input = input
        self.objects = objects
        self.hasher = hasher
        self.inflater = inflater
        self.resolver = resolver
        window = ObjectBytes(count: 1 << 16)
    }

    /// Reads and checks a pack.
    /// - Parameters:
    ///   - store: where bases and all that the pack refers to are looked for.
    ///   - packs: the folder of the store's packs.
    ///   - bounds: what the reading may take here; throws `ProcessBounds.exceeded` beyond.
    ///   - progress: is told of every object.
    static func receive(
        _ storage: PackStorage, store: borrowing ObjectDatabase, packs: String, limits: ReceiveLimits,
        bounds: ProcessBounds? = nil, progress: PackProgress? = nil
    ) throws(GitError) -> ReceivedPack {
        guard storage.size <= limits.packBytes else {
            throw ReceivedObjects.tooLarge(
                "the pack has \(storage.size) bytes; at most \(limits.packBytes >> 20) MiB are taken")
        }
        let input = try PackInput(storage)
        let count = try PackHeader.count(input.peek(PackHeader.byteCount))
        input.take(PackHeader.byteCount)
        guard count <= limits.objects else {
            throw ReceivedObjects.tooLarge("the pack has \(count) objects; at most \(limits.objects) are taken")
        }
        try ProcessBounds.check(count, bounds?.objects)
        let objects = ReceivedObjects(
            count: count, packBytes: storage.size, limits: limits, bounds: bounds, progress: progress)
        var receiver = try PackReceiver(input, DeltaResolver(storage: storage, objects: objects), objects)
        for index in 0..<count { try receiver.readEntry(UInt32(index)) }
        let trailer = try input.finish()
        try objects.checkTime()
        try receiver.resolver.finish(store)
        // Whoever pushes the same again, because a deploy failed, often sends the very same pack.
        let known = "\(packs)/pack-\(trailer)"
        let isKnown = FileSystem.exists("\(known).idx") ? try storage.equals(fileAt: "\(known).pack") : false
        try ClosureChecks(objects: objects, isKnown: isKnown, packs: packs).run(&receiver.resolver.contents, store)
        return ReceivedPack(storage: storage, trailer: trailer, objects: objects, isKnown: isKnown)
    }

    private mutating func readEntry(_ index: UInt32) throws(GitError) {
        try objects.tick()
        let offset = input.position
        guard let header = try PackEntryHeader(input.peek(PackEntryHeader.maximumByteCount)) else {
            throw PackHeader.damaged("it ends early")
        }
        input.beginEntry()
        input.take(header.byteCount)
        var entry = PackEntry(offset: offset)
        entry.headerSize = UInt8(header.byteCount)
        if case .object = header.content {} else { entry.isDelta = true }
        objects.entries.append(entry)
        switch header.content {
        case .object(let kind): try readObject(index, kind, size: header.size)
        case .offsetDelta(let distance):
            let (base, isBefore) = offset.subtractingReportingOverflow(distance)
            guard !isBefore, let found = self.index(at: base) else {
                throw PackHeader.damaged("a delta's base is no object of it")
            }
            try resolver.add(readDelta(index, header.size), of: index, on: found)
        case .referenceDelta(let base):
            try resolver.add(readDelta(index, header.size), of: index, on: base)
        }
    }

    private mutating func readObject(_ index: UInt32, _ kind: ObjectKind, size: Int) throws(GitError) {
        try objects.checkSize(size, kind: kind)
        try objects.spend(size)
        if kind == .blob, size > Self.streamLimit {
            let id = try hashBlob(size: size)
            objects.entries[Int(index)].crc = input.entrySum
            return try objects.accept(index, kind, id, nil)
        }
        let content = try inflate(size)
        objects.entries[Int(index)].crc = input.entrySum
        try content.withBytes { (bytes) throws(GitError) in
            try objects.accept(index, kind, ObjectHasher.hash(bytes, kind), bytes)
        }
        resolver.keep(content, of: index)
    }

    /// Reads a delta and refuses what it would come to, before it does.
    private mutating func readDelta(_ index: UInt32, _ size: Int) throws(GitError) -> ObjectBytes {
        try objects.checkSize(size, kind: nil)
        let delta = try inflate(size)
        objects.entries[Int(index)].crc = input.entrySum
        let result = try delta.withBytes { (bytes) throws(GitError) in try Delta(bytes).resultSize }
        try objects.checkSize(result, kind: nil)
        try objects.spend(size)
        try objects.spend(result)
        return delta
    }

    /// The entry that begins at `offset`.
    private func index(at offset: Int) -> UInt32? {
        var (low, high) = (0, objects.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if objects.entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < objects.entries.count && objects.entries[low].offset == offset ? UInt32(low) : nil
    }

    /// Inflates an entry of `size` bytes. Memory grows with what comes.
    private mutating func inflate(_ size: Int) throws(GitError) -> ObjectBytes {
        let content = ObjectBytes(count: min(size, Self.streamLimit))
        inflater.reset()
        var produced = 0
        while true {
            if produced == content.count, content.count < size { content.grow(to: min(size, 2 * content.count)) }
            let step = try content.withMutableBytes { (output) throws(GitError) in
                try inflater.step(input.peek(1), into: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
            }
            input.take(step.consumed)
            produced += step.produced
            if step.isFinished { break }
            guard step.consumed > 0 || step.produced > 0 else { throw ZlibInflater.wrongSize }
        }
        guard produced == size else { throw ZlibInflater.wrongSize }
        return content
    }

    /// Names a blob that comes in pieces.
    private mutating func hashBlob(size: Int) throws(GitError) -> ObjectID {
        var stream = try hasher.begin(.blob, size: size)
        inflater.reset()
        var produced = 0
        while true {
            let step = try window.withMutableBytes { (output) throws(GitError) in
                let room = min(output.count, size - produced)
                let step = try inflater.step(
                    input.peek(1), into: UnsafeMutableRawBufferPointer(rebasing: output[..<room]))
                try stream.append(UnsafeRawBufferPointer(rebasing: output[..<step.produced]))
                return step
            }
            input.take(step.consumed)
            produced += step.produced
            if step.isFinished { break }
            try objects.tick()
            guard step.consumed > 0 || step.produced > 0 else { throw ZlibInflater.wrongSize }
        }
        guard produced == size else { throw ZlibInflater.wrongSize }
        return try stream.finish()
    }
}
