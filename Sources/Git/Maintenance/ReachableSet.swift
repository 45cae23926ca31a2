/// Everything that some objects come to: their commits, trees, files and tags.
struct ReachableSet {
    private(set) var ids: Set<ObjectID> = []

    /// Adds `roots` and what they reach.
    /// - Parameter allowsMissing: whether what is missing is passed over instead of thrown as `.notFound`: what no ref
    ///   reaches need not be whole.
    mutating func add(
        _ roots: some Sequence<ObjectID>, allowsMissing: Bool = false, in repository: borrowing Repository
    ) throws(GitError) {
        var waiting: [ObjectID] = []
        for root in roots where ids.insert(root).inserted { waiting.append(root) }
        var isRefreshed = false
        while let id = waiting.popLast() {
            guard let kind = try repository.objects.header(id)?.kind else {
                // It may have come since the repository was opened.
                if !isRefreshed {
                    isRefreshed = true
                    repository.objects.refresh()
                    waiting.append(id)
                    continue
                }
                if allowsMissing { continue }
                throw GitError(.notFound, "object \(id) is missing", operation: "connectivity")
            }
            if kind == .blob { continue }
            for (next, isFile) in try Self.references(of: id, kind, repository) where ids.insert(next).inserted {
                if !isFile { waiting.append(next) }
            }
        }
    }

    private static func references(
        of id: ObjectID, _ kind: ObjectKind, _ repository: borrowing Repository
    ) throws(GitError) -> [(id: ObjectID, isFile: Bool)] {
        try repository.objects.read(id, as: kind) { (bytes) throws(GitError) in
            switch kind {
            case .blob: return []
            case .tag: return [(try TagObject(bytes, id: id).target, false)]
            case .commit:
                let commit = try CommitObject(bytes, id: id)
                return [(commit.tree, false)] + commit.parents.map { ($0, false) }
            case .tree:
                var found: [(id: ObjectID, isFile: Bool)] = []
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    // A kind that git does not know is treated as what must not be lost.
                    if entry.kind != .submodule { found.append((entry.id, entry.kind != .folder)) }
                }
                return found
            }
        }
    }
}
