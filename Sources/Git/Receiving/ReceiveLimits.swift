/// What one pack may ask of the server.
public struct ReceiveLimits: Sendable, Hashable {
    /// Bytes of one object, also of those that a delta comes to. The library keeps one such bound for the process.
    public var objectBytes = 128 << 20
    /// Objects in one pack.
    public var objects = 5_000_000
    /// Objects that a thin pack leaves out; each costs a pass over the deltas.
    public var thinBases = 4096
    /// Seconds that indexing may take.
    public var indexSeconds = 900

    public init() {}
}
