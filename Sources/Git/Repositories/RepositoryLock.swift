import Synchronization

/// Serialises the ref changes of one repository within the process. Held for a few file operations, by threads of the
/// blocking pool only.
final class RepositoryLock: Sendable {
    private let mutex = Mutex(())
    /// Where readings of the repository's refs are kept.
    let references: ReferenceCache
    /// Where its packs are kept open.
    let packs: PackCache
    /// Where packs that were made for fetches are kept.
    let outgoing: OutgoingPackCache

    init(references: ReferenceCache, packs: PackCache, outgoing: OutgoingPackCache) {
        self.references = references
        self.packs = packs
        self.outgoing = outgoing
    }

    func hold<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try mutex.withLock { (_) throws(Failure) -> sending Value in
            let value = try body()
            return value
        }
    }
}
