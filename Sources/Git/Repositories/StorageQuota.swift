import Blocking
import Core
import Synchronization

/// What a repository, and all repositories of its owner together, may still take on disk.
package struct StorageQuota: Sendable {
    /// Bytes that all objects of a repository, or of several, may have, and that they have.
    struct Share: Sendable {
        /// What the limit is of: `the repository`.
        let name: String
        let limit: Int
        let used: Int
    }

    private let shares: [Share]
    /// Bytes that the server's disk has left for pushes.
    private let diskRoom: Int?

    init(_ shares: [Share], diskRoom: Int? = nil) {
        self.shares = shares
        self.diskRoom = diskRoom
    }

    /// Throws `.tooLarge` when so many bytes more are too many.
    package func check(adding bytes: Int) throws(GitError) {
        if let diskRoom, bytes > diskRoom {
            throw GitError(
                .tooLarge,
                "this server's disk is nearly full: it has room for \(max(0, diskRoom) >> 20) MiB of pushes; its operator can make more",
                operation: "quota")
        }
        for share in shares where bytes > share.limit - share.used {
            throw GitError(
                .tooLarge,
                "the push brings more than is left: \(share.name) may take \(share.limit >> 20) MiB, and \(Self.rounded(share.used)) MiB of it are used",
                operation: "quota")
        }
    }

    /// Mebibytes with one decimal, so that a small repository does not seem to take nothing.
    private static func rounded(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 20) - 1) >> 20
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension RepositoryStore {
    /// Bytes that the objects of a repository have on disk, in packs and loose. Read once and then kept, until maintenance has
    /// changed them; what outside git programs add is seen then.
    func objectBytes(of app: ID<App>) async -> Int {
        if let known = sizes.withLock({ $0[app] }) { return known }
        let objects = "\(directory(of: app))/objects"
        let bytes = await pool.run { () throws(Never) in
            let loose = LooseObjects.all(in: objects).reduce(0) { $0 + $1.size }
            return FileSystem.names(in: "\(objects)/pack").reduce(loose) {
                $0 + (FileSystem.size(of: "\(objects)/pack/\($1)") ?? 0)
            }
        }
        sizes.withLock { $0[app] = bytes }
        return bytes
    }

    /// What a push to `app` may add.
    /// - Parameters:
    ///   - apps: all of the owner's.
    ///   - limit: bytes of one repository.
    ///   - ownerLimit: bytes of all of them.
    package func quota(of app: ID<App>, among apps: [ID<App>], limit: Int, ownerLimit: Int) async -> StorageQuota {
        let own = await objectBytes(of: app)
        var all = own
        for other in Set(apps) where other != app { all += await objectBytes(of: other) }
        return StorageQuota(
            [
                StorageQuota.Share(name: "the repository", limit: limit, used: own),
                StorageQuota.Share(name: "all your repositories together", limit: ownerLimit, used: all),
            ], diskRoom: configuration.diskRoom())
    }

    /// A pack was accepted.
    package func grew(_ app: ID<App>, by bytes: Int) {
        sizes.withLock { sizes in if let known = sizes[app] { sizes[app] = known + bytes } }
    }

    /// The packs have changed in other ways.
    func forgetSize(of app: ID<App>) { sizes.withLock { $0[app] = nil } }
}
