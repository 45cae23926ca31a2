/// The packs of a repository as they are for one request.
struct PackSet {
    /// Where an object is.
    struct Place {
        /// An index of `packs`.
        let pack: Int
        /// In the order of names.
        let position: Int
    }

    let packs: [OpenPack]
    /// Where the last object was found: the next one is most likely there too.
    private var last = 0

    init(_ packs: [OpenPack]) { self.packs = packs }

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
