/// The packs of a repository as they are for one request.
struct PackSet {
    /// Where an object is.
    struct Place {
        /// An index of `packs`.
        let pack: Int
        /// In the order of names.
        let position: Int
    }

    private(set) var packs: [OpenPack]
    /// Every pack of the folder could be opened.
    let isComplete: Bool
    /// Where the last object was found: the next one is most likely there too.
    private var last = 0

    init(_ packs: [OpenPack], isComplete: Bool = true) {
        self.packs = packs
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
