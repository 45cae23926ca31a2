import Blocking
import CGit2
import Core
import Glibc

/// Takes the bytes of a pushed pack as they arrive: in memory while they are few, in a quarantine's file from then on.
package struct PackIntake {
    private static let memoryLimit = 1 << 20

    private let directory: String
    private let pool: BlockingPool
    private let quota: StorageQuota
    private let diskRoom: @Sendable () -> Int?
    private var count = 0
    private var buffer: [UInt8] = []
    private var file: (file: OpenFile, quarantine: Quarantine)?

    /// - Parameter quota: what there is room for.
    package init(store: RepositoryStore, app: ID<App>, quota: StorageQuota) {
        self.quota = quota
        directory = store.directory(of: app)
        pool = store.pool
        diskRoom = store.configuration.diskRoom
    }

    package mutating func append(_ bytes: [UInt8]) async throws(GitError) {
        count += bytes.count
        try quota.check(adding: count)
        buffer.append(contentsOf: bytes)
        if buffer.count > Self.memoryLimit { try await spill() }
    }

    /// What has been taken.
    package mutating func finish() async throws(GitError) -> PackSource {
        guard file != nil else { return buffer.isEmpty ? .none : .memory(buffer) }
        try await spill()
        guard let file else { return .none }
        return .file(file.quarantine)
    }

    private mutating func spill() async throws(GitError) {
        if file == nil {
            let directory = directory
            file = try await pool.run { () throws(GitError) in
                let quarantine = try Quarantine(in: directory)
                return (try quarantine.openBody(isNew: true), quarantine)
            }
        }
        guard let file = file?.file else { return }
        let (bytes, diskRoom) = (buffer, diskRoom)
        buffer.removeAll(keepingCapacity: true)
        try await pool.run { () throws(GitError) in
            // Others write meanwhile, so what the disk had when the push began says little.
            try StorageQuota([], diskRoom: diskRoom()).check(adding: bytes.count)
            try FileSystem.write(bytes, to: file.number)
            // So that the flush at the end finds little to do.
            _ = cgit2_begin_writeback(file.number)
        }
    }
}
