extension PackAssembly {
    /// The new bases, less those that would have an object stand on itself by way of the deltas that are stored: for these
    /// nothing would be gained.
    mutating func basesWithoutCycles() throws(GitError) -> [ObjectID: ObjectID] {
        var bases = style.newBases
        var seen: Set<ObjectID> = []
        for start in style.newBases.keys {
            // The way from base to base, up to what has none or was seen on another way.
            var way: [ObjectID: Int] = [:]
            var newSteps: [(id: ObjectID, index: Int)] = []
            var next: ObjectID? = start
            while let id = next, seen.insert(id).inserted {
                way[id] = way.count
                next = try storedBase(of: id)
                guard next == nil, let base = bases[id] else { continue }
                newSteps.append((id, way.count - 1))
                next = base
            }
            if let end = next, let begin = way[end], let last = newSteps.last, last.index >= begin {
                bases[last.id] = nil
            }
        }
        return bases
    }

    private mutating func storedBase(of id: ObjectID) throws(GitError) -> ObjectID? {
        guard let place = packs.find(id) else { return nil }
        let pack = packs.packs[place.pack]
        let offset = try pack.index.offset(at: place.position)
        guard let base = try pack.base(of: try pack.header(from: offset).header, at: offset), selection.isSent(base)
        else { return nil }
        return base
    }

    /// Whether what an object is to become a delta on is to be written first; then it is the chain's next.
    mutating func waits(for id: ObjectID, _ chain: inout Chain, _ isOpen: inout Set<ObjectID>) -> Bool {
        guard let base = newBases[id], written[base] == nil, isOpen.insert(base).inserted else { return false }
        chain.append((base, packs.find(base)))
        return true
    }

    /// Writes an object as a delta that no pack has, when that takes clearly less than `bytes` bytes. Where something cannot be read
    /// there is none, and what is stored is copied as it is.
    mutating func writeNewDelta(
        _ id: ObjectID, below bytes: Int, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        guard let base = newBases[id], let place = written[base], place.depth < style.deltaDepth,
            ContinuousClock.now < style.newDeltasEnd,
            let (delta, count) = try? NewDelta.make(of: id, on: base, below: bytes, level: style.level, repository)
        else { return false }
        let distance = size - place.offset
        begin(id, depth: place.depth + 1)
        try add(PackEntryHeader.encode(.offsetDelta(distance: distance), size: count) + delta)
        return true
    }
}
