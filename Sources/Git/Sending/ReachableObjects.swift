extension History {
    /// Those of `objects` that neither are in `tips` nor are trees and files of the history that `tips` have. Walks the
    /// newest commits first and stops when all are found, since what is asked for one by one is mostly new.
    package mutating func unreachableObjects(
        _ objects: Set<ObjectID>, from tips: Set<ObjectID>, in repository: borrowing Repository
    ) throws(GitError) -> Set<ObjectID> {
        var left = objects.subtracting(tips)
        var seenTrees: Set<ObjectID> = []
        var seenCommits: Set<ObjectID> = []
        var queue = CommitQueue()
        for tip in tips where !left.isEmpty {
            switch try repository.objects.header(tip)?.kind {
            case .tree: try visit(tip, &left, &seenTrees, in: repository)
            case .commit where seenCommits.insert(tip).inserted:
                queue.push(tip, time: try commit(tip, in: repository).time)
            default: break
            }
        }
        while !left.isEmpty, let item = queue.pop() {
            let commit = try commit(item.id, in: repository)
            left.remove(item.id)
            try visit(commit.tree, &left, &seenTrees, in: repository)
            for parent in commit.parents where seenCommits.insert(parent).inserted {
                queue.push(parent, time: try self.commit(parent, in: repository).time)
            }
        }
        return left
    }

    private mutating func visit(
        _ root: ObjectID, _ left: inout Set<ObjectID>, _ seen: inout Set<ObjectID>, in repository: borrowing Repository
    ) throws(GitError) {
        guard seen.insert(root).inserted else { return }
        left.remove(root)
        var trees = [root]
        while !left.isEmpty, let tree = trees.popLast() {
            try tick(repository)
            var folders: [ObjectID] = []
            var found: [ObjectID] = []
            try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    guard entry.kind != .submodule else { continue }
                    found.append(entry.id)
                    if entry.kind == .folder { folders.append(entry.id) }
                }
            }
            left.subtract(found)
            for folder in folders where seen.insert(folder).inserted { trees.append(folder) }
        }
    }
}
