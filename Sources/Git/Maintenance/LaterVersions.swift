/// What some trees and files became: what had their name in the commit after. The best that they can be deltas on, and nobody has
/// to guess.
///
/// On the later version and not on the earlier one, so that what is read most is whole.
struct LaterVersions {
    /// From each object to the one after it. Both are among those that were asked for.
    private(set) var bases: [ObjectID: ObjectID] = [:]
    private let wanted: Set<ObjectID>
    private var seen: Set<ObjectID> = []

    /// What cannot be read has no other version: to tell of that is not the task here.
    /// - Parameter end: what was not looked at until then is left out.
    init(of objects: [ObjectID], until end: ContinuousClock.Instant, in repository: borrowing Repository) {
        wanted = Set(objects)
        for id in objects {
            guard (try? repository.objects.header(id))??.kind == .commit, let commit = try? repository.commit(id),
                let parent = commit.parents.first, let before = try? repository.commit(parent).tree
            else { continue }
            guard compare(before, commit.tree, until: end, repository) else { return }
        }
    }

    /// False when there is no time left.
    private mutating func compare(
        _ before: ObjectID, _ after: ObjectID, until end: ContinuousClock.Instant, _ repository: borrowing Repository
    ) -> Bool {
        var waiting = note(before, after) ? [(before, after)] : []
        while let (before, after) = waiting.popLast() {
            guard ContinuousClock.now < end else { return false }
            guard (try? NewDelta.areLike(before, after, repository)) == true,
                let changed = try? Self.changed(before, after, repository)
            else { continue }
            for pair in changed where note(pair.before, pair.after) && pair.isFolder {
                waiting.append((pair.before, pair.after))
            }
        }
        return true
    }

    /// False when the later one was seen before, or is none that was asked for: then what is in it is none either.
    private mutating func note(_ before: ObjectID, _ after: ObjectID) -> Bool {
        guard before != after, wanted.contains(after), seen.insert(after).inserted else { return false }
        if wanted.contains(before), bases[before] == nil { bases[before] = after }
        return true
    }

    private typealias Pair = (before: ObjectID, after: ObjectID, isFolder: Bool)

    /// The entries that both trees have and that differ.
    private static func changed(
        _ before: ObjectID, _ after: ObjectID, _ repository: borrowing Repository
    ) throws(GitError) -> [Pair] {
        try repository.objects.read(before, as: .tree) { (before) throws(GitError) in
            try repository.objects.read(after, as: .tree) { (after) throws(GitError) in
                try pairs(TreeReader(before), TreeReader(after))
            }
        }
    }

    private static func pairs(_ before: TreeReader, _ after: TreeReader) throws(GitError) -> [Pair] {
        var (before, after) = (before, after)
        var pairs: [Pair] = []
        var (old, new) = (try before.next(), try after.next())
        while let one = old, let other = new {
            let order = order(one, other)
            if order == 0 {
                let kinds = (one.kind == .folder, other.kind == .folder)
                if kinds.0 == kinds.1, one.id != other.id, other.kind != .submodule {
                    pairs.append((one.id, other.id, kinds.1))
                }
            }
            if order <= 0 { old = try before.next() }
            if order >= 0 { new = try after.next() }
        }
        return pairs
    }

    /// The order of a tree's entries (git-fsck, "treeNotSorted"): a folder's name counts as if it ended in a slash.
    private static func order(_ one: TreeReader.Entry, _ other: TreeReader.Entry) -> Int {
        let shorter = min(one.name.count, other.name.count)
        for index in 0..<shorter where one.name[index] != other.name[index] {
            return Int(one.name[index]) - Int(other.name[index])
        }
        return next(one, after: shorter) - next(other, after: shorter)
    }

    private static func next(_ entry: TreeReader.Entry, after count: Int) -> Int {
        if count < entry.name.count { return Int(entry.name[count]) }
        return entry.kind == .folder ? Int(UInt8(ascii: "/")) : 0
    }
}
