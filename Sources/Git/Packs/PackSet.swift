/// The packs of a repository as they are for one request. What was read of large ones leaves the process's memory with it:
/// the packs stay open, and the next request gets the pages from the system's cache.
struct PackSet {
    /// Where an object is.
    struct Place {
        /// An index of `packs`.
        let pack: Int
        /// In the order of names.
        let position: Int
    }

    private(set) var packs: [OpenPack]
    private let pages: PackPages
    /// Every pack of the folder could be opened.
    let isComplete: Bool
    /// Where the last object was found: the next one is most likely there too.
    private var last = 0

    init(_ packs: [OpenPack], isComplete: Bool = true) {
        self.packs = packs
        pages = PackPages(packs)
        self.isComplete = isComplete
    }

    /// Adds one that lies elsewhere.
    mutating func append(_ pack: OpenPack) { packs.append(pack) }

    /// The pack that holds the object, `nil` when none does.
    mutating func find(_ id: ObjectID) -> Place? {
        guard !packs.isEmpty else { return nil }
        if let position = packs[last].index.position(of: id) { return Place(pack: last, position: position) }
        for index in packs.indices where index != last {
            if let position = packs[index].index.position(of: id) {
                last = index
                return Place(pack: index, position: position)
            }
        }
        return nil
    }
}

/// Pages of packs that are in the process's memory.
private final class PackPages {
    /// Bytes of a pack that stays in memory.
    private static let smallPack = 1 << 20

    private let packs: [OpenPack]

    init(_ packs: [OpenPack]) { self.packs = packs.filter { $0.bytes.count > Self.smallPack } }

    deinit { for pack in packs { pack.release(0..<pack.bytes.count) } }
}
