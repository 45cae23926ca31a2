import Blocking
import Core
import Glibc

extension RepositoryStore {
    /// The apps that have a repository.
    public func apps() async -> [ID<App>] {
        let root = configuration.root
        return await pool.run { () throws(Never) in
            FileSystem.names(in: root).compactMap { $0.hasSuffix(".git") ? ID(String($0.dropLast(4))) : nil }
        }
    }

    /// One round of maintenance of one repository, at a low priority and one at a time. An app that is gone has none.
    public func maintain(_ app: ID<App>, _ depth: MaintenanceDepth) async throws(PlatformError) -> MaintenanceReport {
        let directory = directory(of: app)
        let lock = lock(of: app)
        let (policy, diskRoom) = (configuration.maintenance, configuration.diskRoom)
        defer { forgetSize(of: app) }
        do throws(GitError) {
            return try await maintenancePool.run { () throws(GitError) in
                guard FileSystem.exists("\(directory)/HEAD") else { return MaintenanceReport() }
                return try Self.atLowPriority { () throws(GitError) in
                    let repository = try Repository(directory: directory, lock: lock)
                    let report = try repository.maintain(depth, policy: policy, now: time(nil), room: diskRoom())
                    if depth == .full { try Self.stamp(directory) }
                    return report
                }
            }
        } catch {
            throw .internal("the repository was not maintained", cause: error)
        }
    }

    /// Seconds since a repository had all its packs put together; `nil` when it never had.
    public func age(ofFullMaintenance app: ID<App>) async -> Int? {
        let path = "\(directory(of: app))/\(Self.stampPath)"
        return await pool.run { () throws(Never) in
            FileSystem.times(of: path).map { time(nil) - $0.modified }
        }
    }

    /// Whether pushes have brought so many packs that they should be put together soon. Those that were, and are still
    /// there for a while, do not count: a round would find nothing to do, after every push.
    func hasManyPacks(_ app: ID<App>) async -> Bool {
        let folder = "\(directory(of: app))/objects/pack"
        let (packs, limit) = (packs, configuration.maintenance.packs)
        return await pool.run { () throws(Never) in packs.packs(in: folder).packs.count > limit }
    }

    /// Of the file, in a repository, whose time is that of the last full round.
    static var stampPath: String { "objects/info/berth-maintained" }

    private static func stamp(_ directory: String) throws(GitError) {
        let info = "\(directory)/objects/info"
        if !FileSystem.isFolder(info) { try FileSystem.makeFolder(info) }
        try FileSystem.replace("\(directory)/\(stampPath)", "")
    }

    /// Whoever is not root may not take a thread's old priority back, and the thread is others' afterwards.
    static func atLowPriority<Value>(_ body: () throws(GitError) -> Value) throws(GitError) -> Value {
        guard geteuid() == 0 else { return try body() }
        let (which, thread) = (Int32(PRIO_PROCESS.rawValue), id_t(0))
        let before = getpriority(which, thread)
        _ = setpriority(which, thread, 15)
        defer { _ = setpriority(which, thread, before) }
        return try body()
    }
}
