/// Which objects a client is to get.
package struct PackRequest: Sendable {
    /// Commits, tags or other objects; the caller has checked that they may be asked for.
    package var wants: [ObjectID]
    /// Commits that the client has, and so all that they reach but for `clientShallow`'s parents.
    package var haves: [ObjectID]
    /// Commits whose parents the client does not have now.
    package var clientShallow: Set<ObjectID>
    /// Where the client's history is to end; `nil` when the fetch does not change that.
    package var boundary: ShallowBoundary?
    /// Annotated tags to add when what they point to is sent.
    package var tags: [Reference]
    /// What the client does without; `nil`: nothing.
    package var filter: ObjectFilter?
    /// Whether deltas may build on objects that the client has.
    package var isThin: Bool
    /// Whether a delta may name its base by the distance to it.
    package var usesOffsetDeltas: Bool

    package init(
        wants: [ObjectID], haves: [ObjectID] = [], clientShallow: Set<ObjectID> = [], boundary: ShallowBoundary? = nil,
        tags: [Reference] = [], filter: ObjectFilter? = nil, isThin: Bool = false, usesOffsetDeltas: Bool = false
    ) {
        self.wants = wants
        self.haves = haves
        self.clientShallow = clientShallow
        self.boundary = boundary
        self.tags = tags
        self.filter = filter
        self.isThin = isThin
        self.usesOffsetDeltas = usesOffsetDeltas
    }
}

extension Repository {
    /// Makes the pack for a request. Returns the number of objects with it.
    /// - Parameter limit: bytes of the pack; a larger one throws `.tooLarge`.
    package borrowing func makePack(
        _ request: PackRequest, history: inout History, limit: Int = .max
    ) throws(GitError) -> (pack: SpooledPack, objects: Int) {
        let sender = try PackSender(self)
        var selection = ObjectSelection()
        try selection.add(request, history: &history, repository: self, to: sender)
        var spool = PackSpool(folder: "\(directory)/objects", limit: limit)
        try sender.write(to: &spool)
        return (spool.finish(), selection.count)
    }
}

/// Picks the objects of a request: commits first, then what their trees hold and the client lacks.
private struct ObjectSelection {
    /// What is in the pack or at the client.
    private var seen: Set<ObjectID> = []
    private(set) var count = 0

    mutating func add(
        _ request: PackRequest, history: inout History, repository: borrowing Repository,
        to sender: borrowing PackSender
    ) throws(GitError) {
        var commits: [ObjectID] = []
        var others: [ObjectID] = []
        for want in request.wants {
            let tagged = try addTags(want, repository: repository, to: sender)
            if try repository.objects.header(tagged)?.kind == .commit {
                commits.append(tagged)
            } else {
                others.append(tagged)
            }
        }
        // What was the end of the client's history gets its parents now, though the commit itself is there.
        for id in request.boundary?.removed ?? [] { commits += try history.commit(id, in: repository).parents }
        var haves: [ObjectID] = []
        for have in request.haves {
            if let id = try history.commitID(have, in: repository) { haves.append(id) }
        }
        let selected = try history.difference(
            wants: commits, haves: haves, cut: request.boundary?.commits ?? request.clientShallow,
            haveCut: request.clientShallow, in: repository)
        for id in selected.edges.union(haves.prefix(32)) {
            try forget(history.commit(id, in: repository).tree, repository: repository)
        }
        for id in selected.commits { try insert(id, nil, to: sender) }
        for id in selected.commits {
            try addTree(history.commit(id, in: repository).tree, repository: repository, to: sender)
        }
        for id in others {
            switch try repository.objects.header(id)?.kind {
            case .tree: try addTree(id, repository: repository, to: sender)
            default: try insert(id, nil, to: sender)
            }
        }
        let sent = Set(selected.commits)
        for tag in request.tags {
            guard let peeled = tag.peeled, sent.contains(peeled) || others.contains(peeled) else { continue }
            _ = try addTags(tag.id, repository: repository, to: sender)
        }
    }

    private mutating func insert(_ id: ObjectID, _ name: String?, to sender: borrowing PackSender) throws(GitError) {
        guard seen.insert(id).inserted else { return }
        count += 1
        try sender.insert(id, name: name)
    }

    /// Adds a chain of annotated tags and returns what it ends in.
    private mutating func addTags(
        _ id: ObjectID, repository: borrowing Repository, to sender: borrowing PackSender
    ) throws(GitError) -> ObjectID {
        var id = id
        while try repository.objects.header(id)?.kind == .tag {
            let current = id
            try insert(current, nil, to: sender)
            id = try repository.objects.read(current, as: .tag) { (bytes) throws(GitError) in
                try TagObject(bytes, id: current).target
            }
        }
        return id
    }

    private mutating func addTree(
        _ root: ObjectID, repository: borrowing Repository, to sender: borrowing PackSender
    ) throws(GitError) {
        guard !seen.contains(root) else { return }
        try insert(root, "", to: sender)
        var trees = [root]
        while let tree = trees.popLast() {
            var files: [(ObjectID, String)] = []
            try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    guard entry.kind != .submodule, !self.seen.contains(entry.id) else { continue }
                    files.append((entry.id, entry.text))
                    if entry.kind == .folder { trees.append(entry.id) }
                }
            }
            for (id, name) in files { try insert(id, name, to: sender) }
        }
    }

    /// Marks all of a tree as known to the client.
    private mutating func forget(_ root: ObjectID, repository: borrowing Repository) throws(GitError) {
        guard seen.insert(root).inserted else { return }
        var trees = [root]
        while let tree = trees.popLast() {
            try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    guard entry.kind != .submodule, self.seen.insert(entry.id).inserted else { continue }
                    if entry.kind == .folder { trees.append(entry.id) }
                }
            }
        }
    }
}
