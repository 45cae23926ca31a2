/// What a channel's part of Postgres uses at this moment.
public struct DatabaseFigures: Sendable, Hashable {
    /// Sessions of the role.
    public let connections: Int
    /// Sessions that the role may have.
    public let connectionLimit: Int
    /// Tables, indexes and sequences of the schema on disk, bytes.
    public let storageBytes: Int

    public init(connections: Int, connectionLimit: Int, storageBytes: Int) {
        self.connections = connections
        self.connectionLimit = connectionLimit
        self.storageBytes = storageBytes
    }
}

/// What a user's database holds.
public struct DatabaseStorage: Sendable, Hashable {
    /// The whole database on disk, bytes.
    public let bytes: Int
    /// Channels' schemas in it.
    public let schemas: Int

    public init(bytes: Int, schemas: Int) {
        self.bytes = bytes
        self.schemas = schemas
    }

    public static let none = DatabaseStorage(bytes: 0, schemas: 0)
}

/// A dump that has begun: its text, piece by piece, made no faster than it is asked for. Used by one task at a time.
public protocol DatabaseDump: Sendable {
    /// The next piece, never empty; `nil` at the end. Throws when the dump failed: what came until then is not whole.
    func next() async throws(PlatformError) -> [UInt8]?
    /// Ends it and frees what it holds. To be called in any case, also after the end; may be repeated.
    func close() async
}
