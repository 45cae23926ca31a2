/// Measures trees that were in the store before a push.
struct StoredTrees {
    /// Trees that one push may have read for this. A push reads those that no other one has had measured since the server
    /// started: each tree of a repository once.
    static let readLimit = 1 << 20

    private struct Open {
        let id: ObjectID
        var extent = TreeExtent(depth: 1, path: 0)
        var folders: [(id: ObjectID, name: Int)] = []
        var isWhole = true
    }

    private let objects: ReceivedObjects
    private var known: [ObjectID: TreeExtent] = [:]
    private var reads = 0
    /// Whether nothing was missing so far.
    private(set) var isWhole = true

    init(_ objects: ReceivedObjects) { self.objects = objects }

    /// How far a stored tree goes. What is missing counts as empty: that it is missing is for others to say.
    mutating func extent(of id: ObjectID, _ store: borrowing ObjectDatabase) throws(GitError) -> TreeExtent {
        if let extent = find(id, store) { return extent }
        var path = [try open(id, store)]
        while let folder = path[path.count - 1].folders.last {
            if let extent = find(folder.id, store) {
                path[path.count - 1].extent.add(extent, name: folder.name)
                path[path.count - 1].folders.removeLast()
            } else {
                // A tree cannot hold itself, so this ends.
                path.append(try open(folder.id, store))
            }
            while path.count > 1, path[path.count - 1].folders.isEmpty {
                // The folder stays the last one of its parent, and is found there next.
                let tree = path.removeLast()
                keep(tree, store)
                if !tree.isWhole { path[path.count - 1].isWhole = false }
            }
        }
        keep(path[0], store)
        return path[0].extent
    }

    private func find(_ id: ObjectID, _ store: borrowing ObjectDatabase) -> TreeExtent? {
        known[id] ?? store.extents.extent(of: id)
    }

    private mutating func keep(_ tree: Open, _ store: borrowing ObjectDatabase) {
        known[tree.id] = tree.extent
        // What is missing now may be there another time.
        if tree.isWhole { store.extents.keep(tree.extent, of: tree.id) }
    }

    private mutating func open(_ id: ObjectID, _ store: borrowing ObjectDatabase) throws(GitError) -> Open {
        var tree = Open(id: id)
        try objects.tick()
        reads += 1
        guard reads <= Self.readLimit else {
            throw ReceivedObjects.tooLarge(
                "the push refers to more than \(Self.readLimit) folders that were there before")
        }
        guard try store.header(id)?.kind == .tree else {
            (tree.isWhole, isWhole) = (false, false)
            return tree
        }
        try store.read(id, as: .tree) { (bytes) throws(GitError) in
            var reader = TreeReader(bytes)
            while let entry = try reader.next() {
                if entry.kind == .folder {
                    tree.folders.append((entry.id, entry.name.count))
                } else {
                    tree.extent.add(file: entry.name.count)
                }
            }
        }
        return tree
    }
}
