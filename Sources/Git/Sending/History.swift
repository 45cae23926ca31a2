/// Walks the commits of one repository, each read once.
package struct History: ~Copyable {
    private var commits: [ObjectID: CommitObject] = [:]
    private var meter: WorkMeter

    /// - Parameter limit: how long all walks together may take.
    package init(limit: WorkLimit = .none) { meter = WorkMeter(limit) }

    package mutating func commit(_ id: ObjectID, in repository: borrowing Repository) throws(GitError) -> CommitObject {
        try tick(repository)
        if let commit = commits[id] { return commit }
        let commit = try repository.commit(id)
        commits[id] = commit
        return commit
    }

    /// To be called for each object that is looked at.
    mutating func tick(_ repository: borrowing Repository) throws(GitError) { try meter.tick(repository) }

    /// The commit that `id` is or, as a tag, comes to; `nil` for trees, blobs and what is not there.
    package func commitID(_ id: ObjectID, in repository: borrowing Repository) throws(GitError) -> ObjectID? {
        switch try repository.objects.header(id)?.kind {
        case .commit: return id
        case .tag:
            guard let (target, kind) = try repository.peeled(id), kind == .commit else { return nil }
            return target
        case .tree, .blob, nil: return nil
        }
    }

    /// Whether every one of `wants` is or descends from one of `haves`, so that to look for more common commits is of no
    /// use. Wants that are no commits are passed over.
    package mutating func haveReached(
        wants: [ObjectID], haves: Set<ObjectID>, in repository: borrowing Repository
    ) throws(GitError) -> Bool {
        guard !haves.isEmpty else { return false }
        var oldest = Int.max
        for have in haves {
            guard let id = try commitID(have, in: repository) else { continue }
            oldest = min(oldest, try commit(id, in: repository).time)
        }
        for want in wants {
            guard let id = try commitID(want, in: repository) else { continue }
            guard try isReachable(haves, from: [id], notBefore: oldest, in: repository) else { return false }
        }
        return true
    }

    /// Whether one of `targets` is among the ancestors of `starts`, or one of them. Older commits than `notBefore` are
    /// not walked past.
    private mutating func isReachable(
        _ targets: Set<ObjectID>, from starts: [ObjectID], notBefore: Int, in repository: borrowing Repository
    ) throws(GitError) -> Bool {
        var seen = Set(starts)
        var queue = starts
        while let id = queue.popLast() {
            if targets.contains(id) { return true }
            let commit = try commit(id, in: repository)
            guard commit.time >= notBefore else { continue }
            for parent in commit.parents where seen.insert(parent).inserted { queue.append(parent) }
        }
        return false
    }

    /// Those of `commits` that none of `tips` is or descends from. One walk for all of them.
    package mutating func unreachable(
        _ commits: Set<ObjectID>, from tips: [ObjectID], in repository: borrowing Repository
    ) throws(GitError) -> Set<ObjectID> {
        var left = commits.subtracting(tips)
        var seen = Set(tips)
        var queue = tips
        while !left.isEmpty, let id = queue.popLast() {
            for parent in try commit(id, in: repository).parents where seen.insert(parent).inserted {
                left.remove(parent)
                queue.append(parent)
            }
        }
        return left
    }

    /// The commits of `wants` and their ancestors that are not among the ancestors of `haves`, newest first, and the
    /// commits where the two meet.
    /// - Parameters:
    ///   - cut: commits that count as having no parents.
    ///   - haveCut: the same on the side of `haves`: what is shallow at the client.
    mutating func difference(
        wants: [ObjectID], haves: [ObjectID], cut: Set<ObjectID>, haveCut: Set<ObjectID>,
        in repository: borrowing Repository
    ) throws(GitError) -> (commits: [ObjectID], edges: Set<ObjectID>) {
        var queue = CommitQueue()
        var isKnown: [ObjectID: Bool] = [:]
        var open = 0
        for have in haves where isKnown[have] == nil {
            isKnown[have] = true
            queue.push(have, time: try commit(have, in: repository).time)
        }
        for want in wants where isKnown[want] == nil {
            isKnown[want] = false
            open += 1
            queue.push(want, time: try commit(want, in: repository).time)
        }
        var found: [ObjectID] = []
        var edges: Set<ObjectID> = []
        var done: Set<ObjectID> = []
        // What was met as wanted and turned out to be known stays in the queue, so that its ancestors learn it too.
        while open > 0, let item = queue.pop() {
            let known = isKnown[item.id] ?? false
            if !known { open -= 1 }
            if !known, !done.insert(item.id).inserted { continue }
            let parents = (known ? haveCut : cut).contains(item.id) ? [] : try commit(item.id, in: repository).parents
            if !known { found.append(item.id) }
            for parent in parents {
                switch (known, isKnown[parent]) {
                case (_, nil):
                    isKnown[parent] = known
                    if !known { open += 1 }
                    queue.push(parent, time: try commit(parent, in: repository).time)
                case (true, false):
                    isKnown[parent] = true
                    if !done.contains(parent) { open -= 1 }
                    queue.push(parent, time: try commit(parent, in: repository).time)
                default: break
                }
            }
        }
        found.removeAll { isKnown[$0] == true }
        for id in found where !cut.contains(id) {
            for parent in try commit(id, in: repository).parents where isKnown[parent] == true { edges.insert(parent) }
        }
        return (found, edges)
    }
}
