/// How a pack is made.
struct PackStyle {
    /// Whether a delta may name its base by the distance to it.
    var usesOffsetDeltas = true
    /// Deltas on deltas; git itself reads no more than this in a pack that it makes.
    var deltaDepth = 4095
    /// For what is compressed anew: loose objects are few and sent once or twice, so a better level costs more time than
    /// it saves on the way.
    var level: Int32 = 3
    /// Whether entries that are taken over are compared with their check sums. Who gets a pack by the network checks it
    /// all anyway.
    var verifies = false
    /// For objects that no stored pack has as a delta, those that they may become deltas on.
    var newBases: [ObjectID: ObjectID] = [:]
    /// Until when that is tried.
    var newDeltasEnd = ContinuousClock.now
}

/// Puts a pack together out of entries of stored packs, taken over as they are where that can be, and of objects that are
/// compressed anew. Blocks.
struct PackAssembly: ~Copyable {
    private static let headerSize = 12
    private static let trailerSize = 20
    let selection: PackSelection
    /// A stored pack that goes first, as it is; none of its objects is in the selection.
    private let prefix: OpenPack?
    let style: PackStyle
    private let limit: Int
    private var meter: WorkMeter
    var packs: PackSet
    private var segments: [OutgoingPack.Segment] = []
    private var spool: PackSpool
    private(set) var size = 0
    /// Where each object's entry begins in the new pack, and on how many deltas it stands.
    private(set) var written: [ObjectID: (offset: Int, depth: Int)] = [:]
    /// For objects that are to become deltas though no stored pack has them so, the one on which.
    var newBases: [ObjectID: ObjectID] = [:]

    init(
        _ selection: PackSelection, after prefix: OpenPack? = nil, packs: PackSet, style: PackStyle, folder: String,
        limit: Int, work: WorkLimit = .none, diskRoom: @escaping @Sendable () -> Int? = { nil }
    ) {
        self.selection = selection
        self.prefix = prefix
        self.packs = packs
        self.style = style
        self.limit = limit
        meter = WorkMeter(work)
        spool = PackSpool(folder: folder, diskRoom: diskRoom)
        written.reserveCapacity(selection.objects.count)
    }

    /// The pack, complete.
    consuming func assemble(_ repository: borrowing Repository) throws(GitError) -> OutgoingPack {
        try writeAll(repository)
        return finish()
    }

    /// The pack, and where each object's entry begins in it.
    consuming func assembleWithPlaces(
        _ repository: borrowing Repository
    ) throws(GitError) -> (pack: OutgoingPack, places: [ObjectID: Int]) {
        try writeAll(repository)
        let places = written.mapValues(\.offset)
        return (finish(), places)
    }

    private var objectCount: Int { selection.objects.count + (prefix?.index.count ?? 0) }

    private mutating func writeAll(_ repository: borrowing Repository) throws(GitError) {
        newBases = try basesWithoutCycles()
        try add(PackHeader.encode(count: objectCount))
        if let prefix { try copy(prefix, prefix.entries) }
        for (id, place) in try inStoredOrder() { try write(id, place, repository) }
        try grow(Self.trailerSize)
        // The headers that were read lie all over the packs.
        for pack in packs.packs { pack.release(0..<pack.bytes.count) }
    }

    private consuming func finish() -> OutgoingPack {
        let (segments, whole, objects, size) = (segments, wholePack, objectCount, size)
        let made = spool.finish()
        guard let whole else {
            return OutgoingPack(segments: segments, made: made, objects: objects, size: size, needsTrailer: true)
        }
        return OutgoingPack(
            segments: [.stored(whole, 0..<whole.bytes.count)], made: made, objects: objects, size: size,
            needsTrailer: false)
    }

    /// The stored pack that the new one is the same as, byte by byte.
    private var wholePack: OpenPack? {
        guard segments.count == 2, case .stored(let pack, let range) = segments[1], range == pack.entries,
            objectCount == pack.index.count
        else { return nil }
        return pack
    }

    typealias Place = PackSet.Place
    typealias Chain = [(id: ObjectID, place: Place?)]

    /// Pack by pack in the order of the entries, so that they are read from the disk in one go.
    private mutating func inStoredOrder() throws(GitError) -> [(ObjectID, Place?)] {
        var found: [(id: ObjectID, place: Place?, offset: Int)] = []
        found.reserveCapacity(selection.objects.count)
        for id in selection.objects {
            let place = packs.find(id)
            var offset = 0
            if let place { offset = try packs.packs[place.pack].index.offset(at: place.position) }
            found.append((id, place, offset))
        }
        found.sort { ($0.place?.pack ?? .max, $0.offset) < ($1.place?.pack ?? .max, $1.offset) }
        return found.map { ($0.id, $0.place) }
    }

    /// Writes an object and, before it, the deltas' bases that it stands on and that are sent too.
    private mutating func write(
        _ id: ObjectID, _ place: Place?, _ repository: borrowing Repository
    ) throws(GitError) {
        // A chain of bases is as long as somebody cared to make it, so it is kept here and not on the stack.
        var chain: Chain = [(id, place)]
        var isOpen: Set<ObjectID> = [id]
        while let next = chain.last {
            try meter.tick(repository)
            guard written[next.id] == nil else {
                chain.removeLast()
                continue
            }
            guard let place = next.place else {
                if !waits(for: next.id, &chain, &isOpen) {
                    try writeAnew(next.id, repository)
                    chain.removeLast()
                }
                continue
            }
            let pack = packs.packs[place.pack]
            let entry = try pack.entry(at: place.position)
            guard let base = try pack.base(of: entry.header, at: entry.offset) else {
                if waits(for: next.id, &chain, &isOpen) { continue }
                try verify(pack, place.position, entry)
                if try !writeNewDelta(next.id, below: entry.end - entry.offset, repository) {
                    begin(next.id, depth: 0)
                    try copy(pack, entry.offset..<entry.end)
                }
                chain.removeLast()
                continue
            }
            if try offset(of: base) == nil, selection.isSent(base) {
                // Two packs may each hold one of two objects as a delta on the other.
                if isOpen.insert(base).inserted {
                    chain.append((base, packs.find(base)))
                } else {
                    try writeAnew(next.id, repository)
                    chain.removeLast()
                }
                continue
            }
            try verify(pack, place.position, entry)
            if try !writeDelta(next.id, entry, of: pack, on: base) { try writeAnew(next.id, repository) }
            chain.removeLast()
        }
    }

    /// False when the client could not resolve the delta.
    private mutating func writeDelta(
        _ id: ObjectID, _ entry: OpenPack.Entry, of pack: OpenPack, on base: ObjectID
    ) throws(GitError) -> Bool {
        let content: PackEntryHeader.Content
        let place = try offset(of: base)
        let depth = (place?.depth ?? 0) + 1
        guard depth <= style.deltaDepth else { return false }
        if let place {
            content =
                style.usesOffsetDeltas ? .offsetDelta(distance: size - place.offset) : .referenceDelta(base: base)
        } else if selection.isKnown(base) {
            content = .referenceDelta(base: base)
        } else {
            return false
        }
        begin(id, depth: depth)
        if content == entry.header.content {
            try copy(pack, entry.offset..<entry.end)
        } else {
            try add(PackEntryHeader.encode(content, size: entry.header.size))
            try copy(pack, entry.content)
        }
        return true
    }

    private mutating func writeAnew(_ id: ObjectID, _ repository: borrowing Repository) throws(GitError) {
        let level = style.level
        let made = try repository.objects.read(id) { (kind, bytes) throws(GitError) in
            PackEntryHeader.encode(.object(kind), size: bytes.count)
                + (try ZlibDeflater.deflated(bytes, level: level))
        }
        if try writeNewDelta(id, below: made.count, repository) { return }
        begin(id, depth: 0)
        try add(made)
    }

    /// Where an object that was written begins. The pack that went first begins where it did in its own file.
    private func offset(of id: ObjectID) throws(GitError) -> (offset: Int, depth: Int)? {
        if let place = written[id] { return place }
        guard let prefix, let position = prefix.index.position(of: id) else { return nil }
        return (try prefix.index.offset(at: position), 0)
    }

    mutating func begin(_ id: ObjectID, depth: Int) { written[id] = (size, depth) }

    private func verify(_ pack: OpenPack, _ position: Int, _ entry: OpenPack.Entry) throws(GitError) {
        guard style.verifies else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: pack.bytes[entry.offset..<entry.end])
        guard UInt32(truncatingIfNeeded: PackInput.crc(0, bytes)) == pack.index.checkSum(at: position) else {
            throw OpenPack.damaged
        }
    }

    private mutating func copy(_ pack: OpenPack, _ range: Range<Int>) throws(GitError) {
        try grow(range.count)
        if case .stored(let last, let before)? = segments.last, last === pack, before.upperBound == range.lowerBound {
            segments[segments.count - 1] = .stored(pack, before.lowerBound..<range.upperBound)
        } else {
            segments.append(.stored(pack, range))
        }
    }

    mutating func add(_ bytes: [UInt8]) throws(GitError) {
        try grow(bytes.count)
        let start = spool.size
        try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try spool.append(buffer) }
        if case .made(let before)? = segments.last, before.upperBound == start {
            segments[segments.count - 1] = .made(before.lowerBound..<spool.size)
        } else {
            segments.append(.made(start..<spool.size))
        }
    }

    private mutating func grow(_ count: Int) throws(GitError) {
        size += count
        guard size <= limit else {
            throw GitError(
                .tooLarge, "the pack has more than \(limit) bytes; fetch less at once, as with --depth",
                operation: "pack")
        }
    }
}
