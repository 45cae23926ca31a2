/// Reads whole objects out of packs. What is a delta is made from its bases, and those are kept for a while: the next object
/// is likely to be made from the same.
final class PackReader {
    typealias Content = (kind: ObjectKind, bytes: ObjectBytes)

    private var packs: PackSet
    private let folder: String
    private let cache: PackCache
    /// Packs that lie elsewhere.
    private var added: [OpenPack] = []
    private var bases = DeltaBases()
    private var inflater: ZlibInflater
    /// The beginning of a delta, which has two numbers of at most ten bytes.
    private let sizes = ObjectBytes(count: 32)

    /// - Parameter folder: of the packs, a repository's `objects/pack`.
    init(folder: String, cache: PackCache) throws(GitError) {
        self.folder = folder
        self.cache = cache
        packs = cache.packs(in: folder)
        inflater = try ZlibInflater()
    }

    /// Whether what is in no pack here is in none of the folder.
    var isComplete: Bool { packs.isComplete }

    /// Adds one pack that lies elsewhere.
    /// - Parameter path: of its files, without `.pack` and `.idx`.
    func add(_ path: String) throws(GitError) {
        let pack = try OpenPack(path)
        added.append(pack)
        packs.append(pack)
    }

    /// Looks for packs that came meanwhile.
    func refresh() {
        bases.removeAll()
        packs = cache.packs(in: folder)
        for pack in added { packs.append(pack) }
    }

    func contains(_ id: ObjectID) -> Bool { packs.find(id) != nil }

    /// The kind and size in bytes of an object, `nil` when no pack holds it.
    func header(of id: ObjectID) throws(GitError) -> (kind: ObjectKind, size: Int)? {
        guard let place = packs.find(id) else { return nil }
        let pack = packs.packs[place.pack]
        let offset = try pack.index.offset(at: place.position)
        let (header, start) = try pack.header(from: offset)
        if case .object(let kind) = header.content { return (kind, header.size) }
        return (try kind(above: header, at: offset, of: pack), try resultSize(from: start, of: pack))
    }

    /// An object, `nil` when no pack holds it.
    func read(_ id: ObjectID) throws(GitError) -> Content? {
        guard let place = packs.find(id) else { return nil }
        let pack = packs.packs[place.pack]
        var offset = try pack.index.offset(at: place.position)
        var deltas: [(offset: Int, size: Int, start: Int)] = []
        var content: Content
        while true {
            if let kept = bases[place.pack, offset] {
                content = kept
                break
            }
            let (header, start) = try pack.header(from: offset)
            if case .object(let kind) = header.content {
                content = (kind, try inflate(header.size, from: start, of: pack))
                break
            }
            deltas.append((offset, header.size, start))
            offset = try self.base(of: header, at: offset, of: pack)
            // Each object is in it once, so more of them are a circle.
            guard deltas.count <= pack.index.count else { throw OpenPack.damaged }
        }
        while let delta = deltas.popLast() {
            bases.keep(content, place.pack, offset)
            content.bytes = try apply(inflate(delta.size, from: delta.start, of: pack), to: content.bytes)
            offset = delta.offset
        }
        return content
    }

    /// Where the object begins that a delta is made for.
    private func base(of header: PackEntryHeader, at offset: Int, of pack: OpenPack) throws(GitError) -> Int {
        switch header.content {
        case .offsetDelta(let distance) where distance < offset: return offset - distance
        case .referenceDelta(let base):
            guard let position = pack.index.position(of: base) else { throw OpenPack.damaged }
            return try pack.index.offset(at: position)
        default: throw OpenPack.damaged
        }
    }

    private func kind(
        above header: PackEntryHeader, at offset: Int, of pack: OpenPack
    ) throws(GitError) -> ObjectKind {
        var (header, offset) = (header, offset)
        for _ in 0...pack.index.count {
            if case .object(let kind) = header.content { return kind }
            offset = try base(of: header, at: offset, of: pack)
            header = try pack.header(from: offset).header
        }
        throw OpenPack.damaged
    }

    /// Bytes that a delta comes to.
    private func resultSize(from start: Int, of pack: OpenPack) throws(GitError) -> Int {
        inflater.reset()
        do throws(GitError) {
            let count = try sizes.withMutableBytes { (output) throws(GitError) in
                try inflater.step(Self.input(from: start, of: pack), into: output).produced
            }
            return try sizes.withBytes { (bytes) throws(GitError) in
                try Delta(UnsafeRawBufferPointer(rebasing: bytes.prefix(count))).resultSize
            }
        } catch { throw OpenPack.damaged }
    }

    private func inflate(_ size: Int, from start: Int, of pack: OpenPack) throws(GitError) -> ObjectBytes {
        let input = Self.input(from: start, of: pack)
        try Self.check(size)
        let bytes = ObjectBytes(count: size)
        do throws(GitError) {
            try bytes.withMutableBytes { (output) throws(GitError) in
                _ = try inflater.inflateWhole(input, into: output)
            }
        } catch { throw OpenPack.damaged }
        return bytes
    }

    private func apply(_ delta: ObjectBytes, to base: ObjectBytes) throws(GitError) -> ObjectBytes {
        do throws(GitError) {
            return try delta.withBytes { (bytes) throws(GitError) in
                let delta = try Delta(bytes)
                try Self.check(delta.resultSize)
                try delta.check(base: base.count)
                let result = ObjectBytes(count: delta.resultSize)
                try base.withBytes { (base) throws(GitError) in
                    try result.withMutableBytes { (result) throws(GitError) in try delta.apply(to: base, into: result) }
                }
                return result
            }
        } catch { throw error.code == .tooLarge ? error : OpenPack.damaged }
    }

    private static func input(from start: Int, of pack: OpenPack) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: pack.bytes[start..<pack.entries.upperBound])
    }

    private static func check(_ size: Int) throws(GitError) {
        guard size <= LibGit2.maximumObjectSize else {
            throw GitError(.tooLarge, "an object of \(size) bytes is larger than this server reads", operation: "pack")
        }
    }
}

/// Objects that deltas were made for, of one request.
private struct DeltaBases {
    private struct Place: Hashable {
        let pack: Int
        let offset: Int
    }

    /// Bytes of all of them.
    private static let limit = 8 << 20
    /// Bytes of one that is kept.
    private static let greatest = 1 << 20

    private var kept: [Place: PackReader.Content] = [:]
    private var bytes = 0

    subscript(pack: Int, offset: Int) -> PackReader.Content? { kept[Place(pack: pack, offset: offset)] }

    mutating func keep(_ content: PackReader.Content, _ pack: Int, _ offset: Int) {
        guard content.bytes.count <= Self.greatest else { return }
        // A walk goes on elsewhere in the pack, where other bases are: all go at once.
        if bytes + content.bytes.count > Self.limit { removeAll() }
        guard kept.updateValue(content, forKey: Place(pack: pack, offset: offset)) == nil else { return }
        bytes += content.bytes.count
    }

    mutating func removeAll() {
        kept.removeAll()
        bytes = 0
    }
}
