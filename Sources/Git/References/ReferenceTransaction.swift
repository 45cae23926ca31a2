import Glibc

/// A wanted change of one ref.
package struct ReferenceUpdate: Sendable, Hashable {
    package let name: String
    /// The value that it must have now; zero: it must not exist.
    package let old: ObjectID
    /// The value that it gets; zero: it is deleted.
    package let new: ObjectID

    package init(name: String, old: ObjectID, new: ObjectID) {
        self.name = name
        self.old = old
        self.new = new
    }
}

/// Changes refs under git's own lock files: each is locked, its value compared, and only then anything is changed.
/// The caller holds the repository's in-process lock.
struct ReferenceTransaction {
    /// With more values than this the refs are written to `packed-refs` at once, not to a file each.
    static let looseLimit = 32

    let references: References
    /// What a ref's object comes to when it is an annotated tag.
    let peel: (ObjectID) throws(GitError) -> ObjectID?

    /// Applies the updates, which name different refs. The result holds, for each, why it was not done.
    /// With `isAtomic` one failure fails all, and nothing has changed.
    func apply(_ updates: [ReferenceUpdate], isAtomic: Bool) throws(GitError) -> [GitError?] {
        var failures: [GitError?] = Array(repeating: nil, count: updates.count)
        let conflicts = try FolderConflicts(references, isNeeded: updates.contains { $0.old.isZero })
        var locks: [Int: LockFile] = [:]
        defer { for lock in locks.values { lock.release() } }
        // Sorted, so that two pushes of the same refs never wait for each other in a circle.
        for index in updates.indices.sorted(by: { updates[$0].name < updates[$1].name }) {
            let update = updates[index]
            do throws(GitError) {
                try conflicts.check(update)
                let lock = try LockFile(update.name, in: references.directory)
                locks[index] = lock
                guard try (references.value(of: update.name) ?? .zero) == update.old else {
                    throw GitError(.locked, "the ref has changed meanwhile", operation: "compare")
                }
                conflicts.add(update)
            } catch {
                failures[index] = error
                locks.removeValue(forKey: index)?.release()
            }
        }
        if isAtomic, failures.contains(where: { $0 != nil }) {
            return failures.map { $0 ?? GitError(.refused, "atomic push failed", operation: "transaction") }
        }
        let accepted = updates.indices.filter { failures[$0] == nil }
        do throws(GitError) {
            try write(accepted.map { updates[$0] }, locks: accepted.compactMap { locks[$0] })
        } catch {
            for index in accepted where try references.value(of: updates[index].name) ?? .zero != updates[index].new {
                failures[index] = error
            }
        }
        return failures
    }

    private func write(_ updates: [ReferenceUpdate], locks: [LockFile]) throws(GitError) {
        let values = updates.filter { !$0.new.isZero }
        let isBulk = values.count > Self.looseLimit
        let removals = updates.filter { $0.new.isZero }.map(\.name)
        var packed = try references.packed()
        // A ref leaves `packed-refs` before its file goes: otherwise its old packed value would show through.
        if isBulk || removals.contains(where: { packed.entries[$0] != nil }) {
            let lock = try LockFile("packed-refs", in: references.directory)
            defer { lock.release() }
            packed = try references.packed()
            for name in removals { packed.remove(name) }
            if isBulk {
                for update in values {
                    packed.set(update.name, PackedReferences.Entry(id: update.new, peeled: try peel(update.new)))
                }
            }
            try lock.write(packed.serialized(peel: peel))
            try lock.commit()
        }
        var folders: Set<String> = []
        for (update, lock) in zip(updates, locks) where !update.new.isZero && !isBulk {
            try lock.write(Array("\(update.new)\n".utf8))
        }
        for (update, lock) in zip(updates, locks) {
            folders.insert(FileSystem.parent(of: lock.target))
            if isBulk || update.new.isZero {
                guard unlink(lock.target) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR else {
                    throw LibGit2.systemError("unlink")
                }
            } else {
                folders.formUnion(lock.madeFolders.map { FileSystem.parent(of: $0) })
                try lock.commit()
            }
        }
        for folder in folders where FileSystem.exists(folder) { try FileSystem.flush(folder) }
        for lock in locks {
            lock.release()
            lock.pruneEmptyFolders()
        }
    }
}
