import Blocking
import Core
import Glibc
import Synchronization

/// The repositories on disk: one bare repository an app at `<root>/<app id>.git`, in git's own format, so that any git
/// program works on them.
public final class RepositoryStore: Sendable {
    public let configuration: RepositoryConfiguration
    package let pool: BlockingPool
    /// One thread, so that maintenance takes turns with itself.
    let maintenancePool = BlockingPool(label: "git-maintenance", width: 1)
    /// Where helpers are waited for.
    let helperPool: BlockingPool
    /// What was read of the repositories' refs.
    let references: ReferenceCache
    let packs: PackCache
    /// What was made of packs for fetches.
    let outgoing: OutgoingPackCache
    let closures = PackClosureCache(limit: 1 << 20)
    /// How far trees go, whose repository they are of being no matter.
    let extents = TreeExtentCache(limit: 1 << 18)
    /// Repositories whose pushes have left many packs, for one reader.
    public let maintenanceRequests: AsyncStream<ID<App>>
    private let maintenanceSink: AsyncStream<ID<App>>.Continuation
    private let locks = Mutex<[ID<App>: RepositoryLock]>([:])
    /// Bytes of the objects of repositories that were asked about.
    let sizes = Mutex<[ID<App>: Int]>([:])

    /// Makes the root folder when it is missing.
    /// - Parameter pool: where all git work runs; none of it on the cooperative executor.
    public init(configuration: RepositoryConfiguration, pool: BlockingPool) throws(PlatformError) {
        self.configuration = configuration
        self.pool = pool
        helperPool = BlockingPool(label: "git-index-pack", width: configuration.indexHelper?.count ?? 1)
        references = ReferenceCache(byteLimit: configuration.referenceCacheBytes)
        packs = PackCache(limit: configuration.openPacks)
        outgoing = OutgoingPackCache(limit: configuration.outgoingCacheBytes)
        // Whoever is not remembered now is found at the next look over all.
        (maintenanceRequests, maintenanceSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1024))
        do throws(GitError) {
            try LibGit2.start(maximumObjectSize: configuration.receive.objectBytes)
            if !FileSystem.isFolder(configuration.root) { try FileSystem.makeFolder(configuration.root) }
        } catch {
            throw error.platformError("the repositories' folder")
        }
    }

    /// Removes what a server that died has left behind: quarantines of pushes, locks of refs, half-made and half-deleted
    /// repositories. Call it once, before anything else uses the store.
    public func sweep() async {
        let root = configuration.root
        await pool.run { () throws(Never) in
            for name in FileSystem.names(in: root) {
                let path = "\(root)/\(name)"
                if name.hasSuffix(Self.unfinishedSuffix) {
                    FileSystem.removeTree(path)
                } else if name.hasSuffix(".git") {
                    Quarantine.sweep(path)
                    Self.removeLocks(path)
                }
            }
        }
    }

    /// Opens an app's repository on a thread of the pool and lends it to `body`. Throws `.notFound` when there is none.
    ///
    /// When the task is cancelled, long walks over history and the making of packs stop soon.
    /// - Parameter pack: whose objects are seen beside the repository's.
    package func withRepository<Value: Sendable>(
        _ app: ID<App>, seeing pack: QuarantinedPack? = nil,
        _ body: @escaping @Sendable (borrowing Repository) throws(GitError) -> Value
    ) async throws(GitError) -> Value {
        let directory = directory(of: app)
        let lock = lock(of: app)
        let interest = Interest()
        let pool = pool
        let result = await withTaskCancellationHandler {
            await pool.run { () throws(Never) -> Result<Value, GitError> in
                do throws(GitError) {
                    let repository = try Repository(directory: directory, lock: lock, interest: interest)
                    if let pack { try repository.objects.add(packAt: pack.path) }
                    return .success(try body(repository))
                } catch {
                    return .failure(error)
                }
            }
        } onCancel: {
            interest.lose()
        }
        return try result.get()
    }

    /// The same for a push: what `body` finds to be there stays there until the `PushInProgress` goes, which is to be held
    /// until the refs have moved.
    package func withRepositoryForPush<Value: Sendable>(
        _ app: ID<App>,
        _ body: @escaping @Sendable (borrowing Repository, PushInProgress) throws(GitError) -> Value
    ) async throws(GitError) -> Value {
        let directory = directory(of: app)
        let lock = lock(of: app)
        return try await pool.run { () throws(GitError) -> Value in
            // Before the packs are listed: one that is listed and gone a moment later would count as there.
            let push = PushInProgress(lock)
            return try body(try Repository(directory: directory, lock: lock), push)
        }
    }

    /// Accepts a pack on a thread of the pool.
    package func accept(_ pack: QuarantinedPack) async throws(GitError) {
        try await pool.run { () throws(GitError) in try pack.accept() }
    }

    /// Removes quarantines whose packs nobody wants.
    package func discard(_ quarantines: [Quarantine]) async {
        let left = quarantines.filter { !$0.isRemoved }
        guard !left.isEmpty else { return }
        await pool.run { () throws(Never) in for quarantine in left { quarantine.remove() } }
    }

    /// Asks for maintenance when a repository has come to have many packs.
    package func notePush(_ app: ID<App>) async {
        if await hasManyPacks(app) { maintenanceSink.yield(app) }
    }

    /// Absolute path of an app's repository, whether it exists or not.
    package func directory(of app: ID<App>) -> String { "\(configuration.root)/\(app).git" }

    static let unfinishedSuffix = ".unfinished"

    /// Drops what is kept of a repository that was deleted.
    func forget(_ app: ID<App>) {
        let directory = directory(of: app)
        locks.withLock { $0[app] = nil }
        forgetSize(of: app)
        packs.forget("\(directory)/objects/pack")
        outgoing.forget(directory)
        closures.forget(directory)
    }

    func lock(of app: ID<App>) -> RepositoryLock {
        locks.withLock { locks in
            if let lock = locks[app] { return lock }
            let lock = RepositoryLock(
                references: references, packs: packs, outgoing: outgoing, closures: closures, extents: extents)
            locks[app] = lock
            return lock
        }
    }

    /// No process of ours holds a lock when the server starts, and a lock that stays would keep the ref from ever moving, or
    /// the repository from ever being maintained.
    private static func removeLocks(_ directory: String) {
        for name in ["packed-refs", "HEAD", SupersededPacks.path, stampPath] { unlink("\(directory)/\(name).lock") }
        var folders = ["\(directory)/refs"]
        while let folder = folders.popLast() {
            for name in FileSystem.names(in: folder) {
                let path = "\(folder)/\(name)"
                if FileSystem.isFolder(path) {
                    folders.append(path)
                } else if name.hasSuffix(".lock") {
                    unlink(path)
                }
            }
        }
    }
}
