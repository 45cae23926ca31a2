import Blocking
import Core
import Glibc

/// Volumes in folders: `<directory>/<channel>/<name>`, where a `/` in a name is a `+`. Only what is inside of them is the
/// tenant's.
public struct FolderVolumes: VolumeStore {
    /// Files and folders that a channel may have in its volumes.
    public static let usualEntries = 500_000

    private let directory: String
    private let pool: BlockingPool
    /// Counting may take long, and nobody's start waits for it.
    private let counting = BlockingPool(label: "volume sizes", width: 1)
    /// Entries of a channel's volumes that are counted.
    private let entries: Int

    /// - Parameters:
    ///   - directory: absolute path; made when it is needed.
    ///   - entries: files and folders that a channel may have in its volumes.
    public init(directory: String, pool: BlockingPool, entries: Int = FolderVolumes.usualEntries) {
        self.directory = directory
        self.entries = entries
        self.pool = pool
    }

    public func prepare(_ plan: RunPlan, of channel: Channel) async throws(PlatformError) -> [VolumeMount] {
        guard let names = plan.volumes, !names.isEmpty else { return [] }
        guard channel.account != 0 else {
            throw PlatformError(.internal, "the channel has no account for its volumes")
        }
        let (folder, account) = (folder(of: channel.id), channel.account)
        let mounts = names.map { name in
            VolumeMount(source: "\(folder)/\(Self.entry(name))", path: plan.path(ofVolume: name))
        }
        do {
            try await pool.run { () throws(FileError) in
                try FolderCreation.create(folder)
                for mount in mounts { try Self.prepare(mount.source, account: account) }
            }
        } catch {
            throw error.platformError("a volume could not be made")
        }
        return mounts
    }

    public func size(of channel: ID<Channel>) async -> Int {
        let (folder, entries) = (folder(of: channel), entries)
        let isThere = await pool.run { () throws(Never) in access(folder, F_OK) == 0 }
        guard isThere else { return 0 }
        return await counting.run { () throws(Never) in
            var sizes = FolderSizes(limit: entries)
            let bytes = sizes.add(folder)
            return sizes.isWhole ? bytes : .max
        }
    }

    public func channels() async -> [ID<Channel>] {
        let directory = directory
        let names = await pool.run { (try? FolderHandle(path: "\(directory)/.").entries()) ?? [] }
        return names.compactMap { name in name.text.flatMap { ID<Channel>($0) } }
    }

    public func remove(_ channel: ID<Channel>) async throws(PlatformError) {
        let folder = folder(of: channel)
        do {
            try await pool.run { () throws(FileError) in try FolderRemoval.remove(folder) }
        } catch {
            throw error.platformError("a volume could not be removed")
        }
    }

    private func folder(of channel: ID<Channel>) -> String { "\(directory)/\(channel)" }

    /// `+` is in no name.
    private static func entry(_ name: String) -> String { name.replacing("/", with: "+") }

    /// What is above it is the server's: nobody else changes what stands there.
    private static func prepare(_ path: String, account: UInt32) throws(FileError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError("make folder", path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw FileError("stat", path) }
        // A crash may have come between the two.
        guard status.st_uid != account || status.st_gid != account else { return }
        guard lchown(path, account, account) == 0 else { throw FileError("change owner", path) }
    }
}
