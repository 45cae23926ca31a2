import CGit2

/// An open bare repository. Lent by `RepositoryStore.withRepository`; it never leaves the thread that it is lent on.
package struct Repository: ~Copyable {
    /// Absolute path.
    package let directory: String
    package let references: References
    package let objects: ObjectDatabase
    let lock: RepositoryLock
    /// Whether whoever had it opened still waits.
    let interest: Interest

    init(directory: String, lock: RepositoryLock, interest: Interest = Interest()) throws(GitError) {
        guard FileSystem.exists("\(directory)/HEAD") else {
            throw GitError(.notFound, "no repository", operation: "open")
        }
        self.directory = directory
        self.lock = lock
        self.interest = interest
        references = References(directory: directory)
        objects = ObjectDatabase(folder: "\(directory)/objects", packs: lock.packs, extents: lock.extents)
    }

    /// Where readings of the refs are kept.
    var cache: ReferenceCache { lock.references }
    /// Where its packs are kept open.
    var packs: PackCache { lock.packs }
    /// Where packs that were made for fetches are kept.
    var outgoing: OutgoingPackCache { lock.outgoing }
    /// Where it is kept which pack is all wanted.
    var closures: PackClosureCache { lock.closures }

    /// Lends libgit2's own view of the repository.
    borrowing func withPointer<Value>(
        _ body: (OpaquePointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var repository: OpaquePointer?
        try LibGit2.check(git_repository_open_bare(&repository, directory), "git_repository_open_bare")
        guard let repository else { throw GitError(.notFound, "no repository", operation: "git_repository_open_bare") }
        defer { git_repository_free(repository) }
        return try body(repository)
    }

    /// Changes refs; the result holds, for each update, why it was not done (`ReferenceTransaction.apply`).
    /// - Parameter pack: is accepted once some ref is certain to move to a new value, and before it does.
    package borrowing func update(
        _ updates: [ReferenceUpdate], isAtomic: Bool = false, accepting pack: QuarantinedPack? = nil
    ) throws(GitError) -> [GitError?] {
        let peeled = try peeledTargets(updates, isAtomic: isAtomic)
        var transaction = ReferenceTransaction(references: references) { id in peeled[id] ?? nil }
        if let pack { transaction.willWrite = { () throws(GitError) in try pack.accept() } }
        return try lock.hold { () throws(GitError) in try transaction.apply(updates, isAtomic: isAtomic) }
    }

    /// What an annotated tag comes to in the end, `nil` for any other object.
    package borrowing func peeled(_ id: ObjectID) throws(GitError) -> (id: ObjectID, kind: ObjectKind)? {
        guard var kind = try objects.header(id)?.kind, kind == .tag else { return nil }
        var current = id
        // A loop cannot exist among hashes, but a chain may be as long as somebody cared to make it.
        for _ in 0..<128 where kind == .tag {
            let tag = try objects.read(current, as: .tag) { (bytes) throws(GitError) in
                try TagObject(bytes, id: current)
            }
            (current, kind) = (tag.target, tag.kind)
        }
        return kind == .tag ? nil : (current, kind)
    }

    /// A commit by its name; throws `.notFound`, or `.refused` when it is something else.
    package borrowing func commit(_ id: ObjectID) throws(GitError) -> CommitObject {
        try objects.read(id, as: .commit) { (bytes) throws(GitError) in try CommitObject(bytes, id: id) }
    }

    /// Peels what `packed-refs` may have to say about the refs of a transaction.
    private borrowing func peeledTargets(
        _ updates: [ReferenceUpdate], isAtomic: Bool
    ) throws(GitError) -> [ObjectID: ObjectID?] {
        let packed = try references.packed()
        var wanted: [ObjectID] = []
        // Few values are written to files of their own, except when they are to change all at once.
        if isAtomic || updates.count > ReferenceTransaction.looseLimit {
            for update in updates { wanted += [update.old, update.new] }
        }
        if !packed.isFullyPeeled { wanted += packed.entries.map(\.id) }
        var targets: [ObjectID: ObjectID?] = [:]
        for id in wanted where !id.isZero && targets[id] == nil { targets[id] = try peeled(id)?.id }
        return targets
    }
}
