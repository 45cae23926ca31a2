/// How deep the folders of a pack lie within one another, and how long the paths in them get.
struct TreeShape {
    private struct Tree {
        let record: Int
        let firstEdge: Int
        /// Bytes of the longest name of a file.
        var longestFile = 0
    }

    private struct Edge {
        let record: UInt32
        let name: UInt16
    }

    /// Edges that are kept; 8 bytes each.
    private static let edgeLimit = 24 << 20

    private var trees: [Tree] = []
    private var edges: [Edge] = []

    mutating func begin(_ record: Int) { trees.append(Tree(record: record, firstEdge: edges.count)) }

    mutating func add(file name: Int) {
        let last = trees.count - 1
        if trees[last].longestFile < name { trees[last].longestFile = name }
    }

    mutating func add(folder record: Int, name: Int) throws(GitError) {
        guard edges.count < Self.edgeLimit else {
            throw ReceivedObjects.tooLarge("the folders of the pack have more than \(Self.edgeLimit) folders in them")
        }
        edges.append(Edge(record: UInt32(record), name: UInt16(clamping: name)))
    }

    /// Refuses what is too deep or too long. Folders that were there before count with all that is in them: otherwise what
    /// one push may not bring could come in two.
    func check(
        _ objects: ReceivedObjects, _ store: borrowing ObjectDatabase
    ) throws(GitError) {
        let (table, limits) = (objects.table, objects.limits)
        var stored = StoredTrees(objects)
        var positions = [Int32](repeating: -1, count: table.records.count)
        for (position, tree) in trees.enumerated() { positions[tree.record] = Int32(position) }
        var extents = [TreeExtent](repeating: TreeExtent(depth: 0, path: 0), count: trees.count)
        var next = trees.map(\.firstEdge)
        var path: [Int] = []
        for root in trees.indices where extents[root].depth == 0 {
            path.append(root)
            extents[root] = TreeExtent(depth: 1, path: trees[root].longestFile)
            while let tree = path.last {
                let end = tree + 1 < trees.count ? trees[tree + 1].firstEdge : edges.count
                guard next[tree] < end else {
                    if stored.isWhole { store.extents.keep(extents[tree], of: table.records[trees[tree].record].id) }
                    path.removeLast()
                    continue
                }
                let edge = edges[next[tree]]
                let child = Int(positions[Int(edge.record)])
                if child >= 0, extents[child].depth == 0 {
                    guard path.count < limits.treeDepth else { throw deep(root, table, limits) }
                    extents[child] = TreeExtent(depth: 1, path: trees[child].longestFile)
                    path.append(child)
                    continue
                }
                // The child is complete, or it is not of this pack.
                next[tree] += 1
                let below =
                    child >= 0 ? extents[child] : try stored.extent(of: table.records[Int(edge.record)].id, store)
                extents[tree].add(below, name: Int(edge.name))
                guard extents[tree].depth <= limits.treeDepth else { throw deep(tree, table, limits) }
                guard extents[tree].path <= limits.pathBytes else {
                    throw FsckRule.largePathname.refusal(
                        "tree", table.records[trees[tree].record].id,
                        "a path in it is longer than \(limits.pathBytes) bytes")
                }
            }
        }
    }

    private func deep(_ tree: Int, _ table: ObjectTable, _ limits: ReceiveLimits) -> GitError {
        FsckRule.deepTree.refusal(
            "tree", table.records[trees[tree].record].id, "its folders are nested more than \(limits.treeDepth) deep")
    }
}
