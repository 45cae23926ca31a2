import Blocking
import Core
import Foundation
import GRDB

/// The server's state: `<data>/berth.sqlite` in WAL mode, and the key that seals secrets in it. Every store is a view of
/// one of these. Several processes may have it open at once (`berthd user add` beside a running server).
public final class SQLiteDatabase: Sendable {
    let pool: DatabasePool
    let secrets: SecretBox
    let version: DataVersion

    private init(pool: DatabasePool, secrets: SecretBox, version: DataVersion) {
        self.pool = pool
        self.secrets = secrets
        self.version = version
    }

    /// Opens the database below the data folder `dataDirectory` (an absolute path), making folder, file and key when
    /// they are not there, and brings the schema up to date.
    ///
    /// Throws `.unavailable` when the disk or the file is at fault, or when the sealing key is missing or is not the one
    /// that this database was sealed with.
    public static func open(dataDirectory: String) async throws(PlatformError) -> SQLiteDatabase {
        try await open(dataDirectory: dataDirectory, onStatement: nil)
    }

    /// As `open`; `onStatement` is told every statement that is run from then on.
    package static func open(
        dataDirectory: String, onStatement: (@Sendable (String) -> Void)?
    ) async throws(PlatformError) -> SQLiteDatabase {
        let blocking = BlockingPool(label: "store.open", width: 1)
        return try await blocking.run { () throws(PlatformError) in
            try openNow(dataDirectory: dataDirectory, onStatement: onStatement)
        }
    }

    /// Makes a new sealing key for the installation below `dataDirectory`, seals every secret with it, and forgets the old
    /// one. Returns how many secrets there are. No server may run on the folder meanwhile. When it is cut short, either key
    /// is in force, whole.
    ///
    /// Throws as `open` does, and when a secret cannot be opened; nothing has changed then.
    public static func rotateKey(dataDirectory: String) async throws(PlatformError) -> Int {
        let blocking = BlockingPool(label: "store.rotate", width: 1)
        return try await blocking.run { () throws(PlatformError) in
            let database = try openNow(dataDirectory: dataDirectory)
            do {
                let count = try OpenLock.hold("\(dataDirectory)/berth.sqlite.lock") {
                    try Resealing.perform(database, directory: "\(dataDirectory)/secrets")
                }
                try database.close()
                return count
            } catch {
                throw StoreError.translate(error)
            }
        }
    }

    /// Another number after every commit.
    public var currentVersion: Int64 { version.current }

    /// Closes all connections; calls that follow fail.
    public func close() throws(PlatformError) {
        do {
            try version.close()
            try pool.close()
        } catch { throw StoreError.translate(error) }
    }

    // MARK: - Access

    /// Reads from one snapshot of the database. Cancellation does not interrupt it.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(PlatformError) -> Value {
        let result: Result<Value, PlatformError> = await withCheckedContinuation { continuation in
            pool.asyncRead { access in
                let result = Result { try body(access.get()) }
                continuation.resume(returning: result.mapError(StoreError.translate))
            }
        }
        return try result.get()
    }

    /// Runs `body` in one transaction, durable on return. Cancellation does not interrupt it: a deploy that is being
    /// cancelled must still be able to write down how it ended.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(PlatformError) -> Value {
        let result: Result<Value, PlatformError> = await withCheckedContinuation { continuation in
            pool.asyncWrite(body) { [version] _, result in
                version.bump()
                continuation.resume(returning: result.mapError(StoreError.translate))
            }
        }
        return try result.get()
    }

    // MARK: - Opening

    private static func openNow(
        dataDirectory: String, onStatement: (@Sendable (String) -> Void)? = nil
    ) throws(PlatformError) -> SQLiteDatabase {
        let path = "\(dataDirectory)/berth.sqlite"
        do {
            try PrivateFile.makeDirectory(dataDirectory)
            // Two processes that start at once must not both make the key or migrate.
            return try OpenLock.hold("\(path).lock") {
                // SQLite gives its WAL and index files the mode of the database file.
                try PrivateFile.touch(path)
                var traced = configuration
                if let onStatement {
                    traced.prepareDatabase { db in db.trace { onStatement("\($0)") } }
                }
                let pool = try DatabasePool(path: path, configuration: traced)
                // GRDB settles for NORMAL, which may lose the last commits in a power cut.
                try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
                try StoreMigrations.migrator.migrate(pool)
                let secrets = try SealingKey.open(directory: "\(dataDirectory)/secrets", database: pool)
                return SQLiteDatabase(
                    pool: pool, secrets: secrets, version: try DataVersion(path: path, configuration: configuration))
            }
        } catch {
            throw StoreError.translate(error)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "berth.store"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(15)
        configuration.maximumReaderCount = 4
        // KiB of pages that a connection keeps: a list of a thousand channels goes through more than SQLite's own 2 MiB.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -16384") }
        return configuration
    }
}
