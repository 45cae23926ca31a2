/// Where the repositories are and what they may take.
public struct RepositoryConfiguration: Sendable {
    /// Absolute path of the folder that holds them, one bare repository an app.
    public var root: String
    /// Limits on packs that are received.
    public var receive = ReceiveLimits()
    /// Who reads large packs; `nil`: the process itself.
    public var indexHelper: IndexHelper?
    /// Limits on what is laid out on disk.
    public var checkout = CheckoutLimits()
    /// When packs are put together.
    public var maintenance = MaintenancePolicy()
    /// Memory for what was read of refs, all repositories together.
    public var referenceCacheBytes = 64 << 20
    /// Memory, and room for spooled files, of packs that were made for fetches, all repositories together.
    public var outgoingCacheBytes = 32 << 20
    /// Packs that stay open between requests, all repositories together.
    public var openPacks = 2048
    /// Tells the bytes on disk that all pushes and fetches together may still take; `nil` when that cannot be told.
    public var diskRoom: @Sendable () -> Int? = { nil }

    public init(root: String) { self.root = root }
}

/// What one commit's files may come to, whatever else a release may have.
public struct CheckoutLimits: Sendable, Hashable {
    /// Entries of all folders.
    public var entries = 500_000
    /// Bytes of all files.
    public var bytes = 8 << 30
    /// Folders within folders.
    public var depth = 200
    /// Bytes of one path below the root.
    public var pathBytes = 4096

    public init() {}
}
