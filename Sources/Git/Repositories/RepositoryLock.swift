import Synchronization

/// Serialises the ref changes of one repository within the process. Held for a few file operations, by threads of the
/// blocking pool only.
final class RepositoryLock: Sendable {
    private let mutex = Mutex(())
    /// Pushes between the check of their objects and the move of their refs.
    private let pushes = Mutex(0)
    /// Where readings of the repository's refs are kept.
    let references: ReferenceCache
    /// Where its packs are kept open.
    let packs: PackCache
    /// Where packs that were made for fetches are kept.
    let outgoing: OutgoingPackCache
    /// Where it is kept which pack is all wanted.
    let closures: PackClosureCache
    /// How far trees go.
    let extents: TreeExtentCache

    init(
        references: ReferenceCache, packs: PackCache, outgoing: OutgoingPackCache, closures: PackClosureCache,
        extents: TreeExtentCache = TreeExtentCache(limit: 0)
    ) {
        self.references = references
        self.packs = packs
        self.outgoing = outgoing
        self.closures = closures
        self.extents = extents
    }

    func hold<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try mutex.withLock { (_) throws(Failure) -> sending Value in
            let value = try body()
            return value
        }
    }

    func beginPush() { pushes.withLock { $0 += 1 } }

    func endPush() { pushes.withLock { $0 -= 1 } }

    /// Like `hold`, and no push is under way meanwhile; false, without calling `body`, when one is.
    func holdWithoutPushes<Failure: Error>(_ body: () throws(Failure) -> Bool) throws(Failure) -> Bool {
        try pushes.withLock { (count) throws(Failure) -> Bool in
            guard count == 0 else { return false }
            return try hold(body)
        }
    }
}

/// Objects that were found to be there stay there as long as this does.
package final class PushInProgress: Sendable {
    private let lock: RepositoryLock

    init(_ lock: RepositoryLock) {
        self.lock = lock
        lock.beginPush()
    }

    deinit { lock.endPush() }
}
