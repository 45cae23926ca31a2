/// What one pack may ask of the server. Each has its own message.
public struct ReceiveLimits: Sendable, Hashable, Codable {
    /// Bytes of the pack itself.
    public var packBytes = 4 << 30
    /// Objects in one pack.
    public var objects = 5_000_000
    /// Bytes of one object, also of those that a delta comes to. The library keeps one such bound for the process.
    public var objectBytes = 128 << 20
    /// Bytes of one commit, tree or tag.
    public var metadataBytes = 16 << 20
    /// Bytes of all objects together. A pack may also not come to more than 1 GiB and 2000 times its own size.
    public var inflatedBytes = 64 << 30
    /// Deltas that build on one another.
    public var deltaDepth = 4096
    /// Objects that a thin pack leaves out.
    public var thinBases = 100_000
    /// Objects that the pack names and does not hold.
    public var outsideObjects = 2_000_000
    /// Folders within folders, as far as the pack holds them.
    public var treeDepth = 1024
    /// Bytes of a path, as far as the pack holds its folders (git's own PATH_MAX).
    public var pathBytes = 4096
    /// Seconds that indexing may take.
    public var indexSeconds = 900

    public init() {}

    /// Bytes of all objects of a pack of this size.
    func inflatedBytes(packBytes: Int) -> Int {
        let (product, isOver) = packBytes.multipliedReportingOverflow(by: 2000)
        return min(inflatedBytes, isOver ? .max : (1 << 30) + min(product, 1 << 60))
    }
}
