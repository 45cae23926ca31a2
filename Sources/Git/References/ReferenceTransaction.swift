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
    /// Called under the locks, when all is compared and before the first ref gets a new value; what it throws fails them.
    var willWrite: () throws(GitError) -> Void = {}

    init(references: References, peel: @escaping (ObjectID) throws(GitError) -> ObjectID?) {
        self.references = references
        self.peel = peel
    }

    /// Applies the updates, which name different refs. The result holds, for each, why it was not done.
    /// With `isAtomic` one failure fails all, and nothing has changed.
    func apply(_ updates: [ReferenceUpdate], isAtomic: Bool) throws(GitError) -> [GitError?] {
        let removals = updates.indices.filter { updates[$0].new.isZero }
        guard !isAtomic, !removals.isEmpty, removals.count < updates.count else {
            return try run(updates, isAtomic: isAtomic)
        }
        // First what goes, so that `refs/heads/a` may make room for `refs/heads/a/b` in one push.
        let values = updates.indices.filter { !updates[$0].new.isZero }
        var failures: [GitError?] = Array(repeating: nil, count: updates.count)
        for part in [removals, values] {
            for (index, failure) in zip(part, try run(part.map { updates[$0] }, isAtomic: false)) {
                failures[index] = failure
            }
        }
        return failures
    }

    private func run(_ updates: [ReferenceUpdate], isAtomic: Bool) throws(GitError) -> [GitError?] {
        var failures: [GitError?] = Array(repeating: nil, count: updates.count)
        let removed = isAtomic ? Set(updates.lazy.filter(\.new.isZero).map(\.name)) : []
        let values = updates.count { !$0.new.isZero }
        let conflicts = FolderConflicts(
            references, packed: try references.packed(), removed: removed, isBulk: values > Self.looseLimit)
        let isBulk = !isAtomic && values > Self.looseLimit
        // Lock files for thousands of new refs would take longer than all else.
        let held = isBulk ? references.lockedNames() : []
        var locks: [LockFile?] = Array(repeating: nil, count: updates.count)
        defer { for lock in locks { lock?.release() } }
        // Sorted, so that two pushes of the same refs never wait for each other in a circle.
        for index in updates.indices.sorted(by: { updates[$0].name.precedesInBytes(updates[$1].name) }) {
            do throws(GitError) {
                try conflicts.check(updates[index])
                if isBulk, updates[index].old.isZero {
                    guard !held.contains(updates[index].name) else { throw Self.isHeld(updates[index].name) }
                } else if !conflicts.isBelowRemoved(updates[index].name) {
                    locks[index] = try LockFile(updates[index].name, in: references.directory)
                }
                conflicts.add(updates[index])
            } catch {
                failures[index] = error
            }
        }
        // Read under the locks: what was packed meanwhile is found packed.
        let packed = try references.packed()
        let names = updates.indices.filter { failures[$0] == nil }.map { updates[$0].name }
        let loose = try references.looseValues(of: names, packed: packed)
        for (index, update) in updates.enumerated() where failures[index] == nil {
            do throws(GitError) {
                try compare(loose[update.name] ?? packed[update.name]?.id ?? .zero, update)
            } catch {
                failures[index] = error
                locks[index]?.release()
            }
        }
        if isAtomic, failures.contains(where: { $0 != nil }) {
            return failures.map { $0 ?? GitError(.refused, "atomic transaction failed", operation: "transaction") }
        }
        var accepted = updates.indices.filter { failures[$0] == nil }
        if accepted.contains(where: { !updates[$0].new.isZero }) {
            do throws(GitError) { try willWrite() } catch {
                for index in accepted { failures[index] = error }
                accepted = []
            }
        }
        let written = accepted.count { !updates[$0].new.isZero }
        if written > Self.looseLimit || (isAtomic && accepted.count > 1) {
            do throws(GitError) {
                try writePacked(accepted.map { updates[$0] }, loose: loose)
                if isBulk { try findOthers(accepted.filter { updates[$0].old.isZero }, updates, &failures) }
            } catch {
                for index in accepted where try references.value(of: updates[index].name) ?? .zero != updates[index].new
                {
                    failures[index] = error
                }
            }
        } else {
            try writeLoose(accepted, updates, locks, packed, &failures)
        }
        var folders: [String: LockFile] = [:]
        for case let lock? in locks {
            lock.release()
            folders[FileSystem.parent(of: lock.target)] = lock
        }
        for lock in folders.values { lock.pruneEmptyFolders() }
        return failures
    }

    private func compare(_ real: ObjectID, _ update: ReferenceUpdate) throws(GitError) {
        guard real != update.old else { return }
        // git's own words (refs/files-backend.c).
        let reason =
            if real.isZero {
                "unable to resolve reference '\(update.name)'"
            } else if update.old.isZero {
                "reference already exists"
            } else {
                "is at \(real) but expected \(update.old)"
            }
        throw GitError(.locked, "cannot lock ref '\(update.name)': \(reason)", operation: "compare")
    }

    /// Finds the new refs that another process makes at the same time: it has begun before `packed-refs` was replaced, so
    /// it did not see them there, and has either written its file by now or still holds its lock. The file counts, so it is
    /// the winner.
    private func findOthers(
        _ created: [Int], _ updates: [ReferenceUpdate], _ failures: inout [GitError?]
    ) throws(GitError) {
        // Locks first: one that is given up in between has left its file.
        let held = references.lockedNames()
        let loose = try references.looseValues(of: created.map { updates[$0].name })
        for index in created {
            let name = updates[index].name
            if held.contains(name) {
                failures[index] = Self.isHeld(name)
            } else if let id = loose[name], id != updates[index].new {
                failures[index] = GitError(
                    .locked, "cannot lock ref '\(name)': reference already exists", operation: "compare")
            }
        }
    }

    private static func isHeld(_ name: String) -> GitError {
        GitError(.locked, "cannot lock ref '\(name)': another process holds its lock file", operation: "lock")
    }

    /// Writes all values with one `packed-refs`, whose rename is the moment at which every ref changes. Refs that have
    /// files of their own are packed as they are first, since a file would hide the packed value.
    private func writePacked(_ updates: [ReferenceUpdate], loose: [String: ObjectID]) throws(GitError) {
        var current: [PackedReferences.Change] = []
        for update in updates {
            guard let id = loose[update.name] else { continue }
            let reference = Reference(name: update.name, id: id, peeled: try peel(id))
            current.append(PackedReferences.Change(name: update.name, reference: reference))
        }
        if !current.isEmpty {
            try rewritePacked(current)
            try removeFiles(current.map { "\(references.directory)/\($0.name)" })
        }
        var changes: [PackedReferences.Change] = []
        changes.reserveCapacity(updates.count)
        for update in updates {
            var change = PackedReferences.Change(name: update.name)
            if !update.new.isZero {
                change.reference = Reference(name: update.name, id: update.new, peeled: try peel(update.new))
            }
            changes.append(change)
        }
        try rewritePacked(changes)
    }

    /// Writes few values, each to a file of its own: one that fails is no other's matter.
    private func writeLoose(
        _ accepted: [Int], _ updates: [ReferenceUpdate], _ locks: [LockFile?], _ packed: PackedReferences,
        _ failures: inout [GitError?]
    ) throws(GitError) {
        // A ref leaves `packed-refs` before its file goes: otherwise its old packed value would show through.
        let unpacked = accepted.filter { updates[$0].new.isZero && packed[updates[$0].name] != nil }
        if !unpacked.isEmpty {
            do throws(GitError) {
                try rewritePacked(unpacked.map { PackedReferences.Change(name: updates[$0].name) })
            } catch {
                for index in unpacked { failures[index] = error }
            }
        }
        var folders: Set<String> = []
        for index in accepted where failures[index] == nil {
            guard let lock = locks[index] else { continue }
            do throws(GitError) {
                if updates[index].new.isZero {
                    try Self.removeFile(lock.target)
                } else {
                    try lock.write(Array("\(updates[index].new)\n".utf8))
                    try lock.commit()
                    folders.formUnion(lock.madeFolders.map { FileSystem.parent(of: $0) })
                }
                folders.insert(FileSystem.parent(of: lock.target))
            } catch {
                failures[index] = error
            }
        }
        for folder in folders where FileSystem.exists(folder) { try FileSystem.flush(folder) }
    }

    private func rewritePacked(_ changes: [PackedReferences.Change]) throws(GitError) {
        let lock = try LockFile.wait(for: "packed-refs", in: references.directory)
        defer { lock.release() }
        var packed = try references.packed()
        packed.apply(changes)
        try lock.write(packed.serialized(peel: peel))
        try lock.commit()
        try FileSystem.flush(references.directory)
    }

    private func removeFiles(_ paths: [String]) throws(GitError) {
        for path in paths { try Self.removeFile(path) }
        for folder in Set(paths.map { FileSystem.parent(of: $0) }) { try FileSystem.flush(folder) }
    }

    private static func removeFile(_ path: String) throws(GitError) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR else {
            throw LibGit2.systemError("unlink")
        }
    }
}
