/// How far back a client wants history (gitprotocol-pack(5), "depth request").
package enum Deepening: Sendable, Hashable {
    /// So many commits from each wanted tip.
    case commits(Int)
    /// So many commits further than the client's history goes now.
    case further(Int)
    /// Commits since a time (seconds since 1970), without those that the listed commits reach; either may be missing.
    case limited(since: Int?, excluding: [ObjectID])
}

/// Where a client's history ends after a fetch.
package struct ShallowBoundary: Sendable, Hashable {
    /// Commits whose parents the client will not have.
    package var commits: Set<ObjectID> = []
    /// Those of them that the client does not know as such yet.
    package var added: [ObjectID] = []
    /// Commits that were the end of the client's history and are no longer.
    package var removed: [ObjectID] = []
}

extension History {
    /// Finds the boundary for a deepening fetch. Throws `.refused` when nothing is left to send.
    package mutating func boundary(
        _ deepening: Deepening, wants: [ObjectID], clientShallow: Set<ObjectID>, in repository: borrowing Repository
    ) throws(GitError) -> ShallowBoundary {
        var starts: [ObjectID] = []
        for want in wants {
            if let id = try commitID(want, in: repository) { starts.append(id) }
        }
        let reach: Reach
        switch deepening {
        case .commits(let depth):
            reach = try reachByDepth(starts, depth: depth, in: repository)
        case .further(let depth):
            var ends: [ObjectID] = []
            for id in clientShallow where try repository.objects.header(id)?.kind == .commit { ends.append(id) }
            if ends.isEmpty {
                reach = try reachByDepth(starts, depth: .max, in: repository)
            } else {
                reach = try reachByDepth(ends, depth: depth < .max ? depth + 1 : depth, in: repository)
            }
        case .limited(let since, let excluding):
            reach = try reachByLimits(starts, since: since, excluding: excluding, in: repository)
        }
        return ShallowBoundary(
            commits: reach.ends, added: reach.ends.subtracting(clientShallow).sorted(),
            removed: clientShallow.filter { reach.inside.contains($0) && !reach.ends.contains($0) }.sorted())
    }

    private struct Reach {
        /// Every commit that is within reach.
        var inside: Set<ObjectID> = []
        /// Those of them that have a parent out of reach.
        var ends: Set<ObjectID> = []
    }

    /// Breadth first, so that each commit is met at its least depth.
    private mutating func reachByDepth(
        _ starts: [ObjectID], depth: Int, in repository: borrowing Repository
    ) throws(GitError) -> Reach {
        var reach = Reach(inside: Set(starts), ends: [])
        var level = Array(reach.inside)
        var depthNow = 1
        while !level.isEmpty {
            var next: [ObjectID] = []
            for id in level {
                let parents = try commit(id, in: repository).parents
                if depthNow == depth {
                    if !parents.isEmpty { reach.ends.insert(id) }
                    continue
                }
                for parent in parents where reach.inside.insert(parent).inserted { next.append(parent) }
            }
            level = next
            depthNow += 1
        }
        return reach
    }

    private mutating func reachByLimits(
        _ starts: [ObjectID], since: Int?, excluding: [ObjectID], in repository: borrowing Repository
    ) throws(GitError) -> Reach {
        var left = Set<ObjectID>()
        var queue: [ObjectID] = []
        for tip in excluding {
            if let id = try commitID(tip, in: repository), left.insert(id).inserted { queue.append(id) }
        }
        while let id = queue.popLast() {
            for parent in try commit(id, in: repository).parents where left.insert(parent).inserted {
                queue.append(parent)
            }
        }
        var reach = Reach()
        queue = starts
        while let id = queue.popLast() {
            guard !left.contains(id) else { continue }
            let time = try commit(id, in: repository).time
            guard time >= since ?? .min, reach.inside.insert(id).inserted else { continue }
            queue += try commit(id, in: repository).parents
        }
        guard !reach.inside.isEmpty else {
            throw GitError(.refused, "no commits selected for shallow requests", operation: "deepen")
        }
        for id in reach.inside {
            let parents = try commit(id, in: repository).parents
            if parents.contains(where: { !reach.inside.contains($0) }) { reach.ends.insert(id) }
        }
        return reach
    }
}
