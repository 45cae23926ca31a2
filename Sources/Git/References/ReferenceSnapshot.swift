import Blocking
import Core

/// The refs of a repository as clients are told of them.
package struct ReferenceSnapshot: Sendable, Hashable {
    /// The full name that HEAD points to, whether that ref exists or not; `nil` when HEAD is detached.
    package var head: String?
    /// The commit of a detached HEAD.
    package var detachedID: ObjectID?
    /// Sorted by name, annotated tags peeled; the platform's own are not among them.
    package var references: [Reference]
    /// Refs whose object is gone. They would make every fetch fail; pushers see them and can mend them.
    package var broken: Set<String> = []
    /// Names this reading among all that are kept; zero for one that is not kept. Two snapshots of one repository with
    /// the same number are the same.
    package var generation: UInt64 = 0

    package init(head: String?, references: [Reference]) {
        self.head = head
        self.references = references
    }

    /// The value of HEAD, `nil` when its branch does not exist.
    package var headID: ObjectID? { head.map { self[$0]?.id } ?? detachedID }

    /// The ref of that full name.
    package subscript(name: String) -> Reference? {
        var (low, high) = (0, references.count)
        while low < high {
            let middle = (low + high) / 2
            if references[middle].name.precedesInBytes(name) { low = middle + 1 } else { high = middle }
        }
        guard low < references.count, references[low].name == name else { return nil }
        return references[low]
    }

    /// Without the broken ones: what fetchers are told.
    package var sound: ReferenceSnapshot {
        guard !broken.isEmpty else { return self }
        var sound = self
        sound.references.removeAll { broken.contains($0.name) }
        sound.broken = []
        sound.generation = 0
        return sound
    }
}

extension RepositoryStore {
    /// The refs that clients may see, as they stand; the repository is opened only when something has changed.
    package func snapshot(of app: ID<App>) async throws(GitError) -> ReferenceSnapshot {
        let (directory, cache) = (directory(of: app), references)
        let known = await pool.run { () throws(Never) in cache.snapshot(of: directory) }
        if let known { return known }
        return try await withRepository(app) { (repository) throws(GitError) in try repository.snapshot() }
    }
}

extension Repository {
    /// The refs that clients may see, as they stand, annotated tags peeled.
    package borrowing func snapshot() throws(GitError) -> ReferenceSnapshot {
        if let known = cache.snapshot(of: directory) { return known }
        let moment = FileStamp.now()
        let headStamp = FileStamp("\(directory)/HEAD")
        let head = try FileSystem.contents(of: "\(directory)/HEAD") ?? []
        let reading = try references.read()
        var snapshot = ReferenceSnapshot(head: References.symbolicTarget(head), references: [])
        if snapshot.head == nil { snapshot.detachedID = ObjectID(hex: head.prefix(40)) }
        snapshot.references.reserveCapacity(reading.references.count)
        var kinds: [ObjectID: Bool] = [:]
        var isFresh = false
        for (reference, isUnpeeled) in zip(reading.references, reading.isUnpeeled)
        where !reference.name.utf8.starts(with: References.hiddenPrefix.utf8) {
            var isThere: Bool
            if let known = kinds[reference.id] { isThere = known } else { isThere = try objects.contains(reference.id) }
            if !isThere, !isFresh {
                // It may have come after this repository was opened.
                objects.refresh()
                isFresh = true
                isThere = try objects.contains(reference.id)
            }
            kinds[reference.id] = isThere
            if !isThere { snapshot.broken.insert(reference.name) }
            // Branches point to commits, so there is nothing to look up.
            guard isThere, isUnpeeled, !reference.name.utf8.starts(with: "refs/heads/".utf8),
                let peeled = try peeled(reference.id)
            else {
                snapshot.references.append(reference)
                continue
            }
            snapshot.references.append(Reference(name: reference.name, id: reference.id, peeled: peeled.id))
        }
        if let id = snapshot.detachedID, try !objects.contains(id) { snapshot.detachedID = nil }
        // A broken ref may be mended by an object that arrives, which no stamp would tell.
        if snapshot.broken.isEmpty {
            snapshot.generation = cache.keep(
                snapshot, stamps: [headStamp] + reading.stamps, readAt: moment, of: directory)
        }
        return snapshot
    }

    /// The same, with or without the refs whose objects are gone.
    package borrowing func snapshot(isPeeled: Bool) throws(GitError) -> ReferenceSnapshot {
        isPeeled ? try snapshot().sound : try snapshot()
    }
}
