/// When a repository's packs are put together, and how long what is not needed any more stays.
public struct MaintenancePolicy: Sendable {
    /// So many packs are left as they are.
    public var packs = 24
    /// So many loose objects are left as they are.
    public var looseObjects = 256
    /// So many refs with files of their own are left as they are.
    public var looseReferences = 64
    /// Seconds after which a pack goes whose objects are all in other ones: whoever reads it has opened it by then.
    public var supersededGrace = 60
    /// Seconds after which an object goes that no ref reaches: a client may be about to push what builds on it.
    public var unreachableGrace = 14 * 86_400
    /// Commits from which on their graph is written down, for programs that read it.
    public var graphCommits = 256

    public init() {}
}

/// What one round of maintenance did to a repository.
public struct MaintenanceReport: Sendable, Hashable {
    /// Packs that were put together into others.
    public var consolidatedPacks = 0
    /// Loose objects that were packed.
    public var packedObjects = 0
    /// Packs whose time had come.
    public var removedPacks = 0
    /// Objects that no ref reaches and that are in no new pack; they go with the packs that hold them.
    public var droppedObjects = 0
    /// Refs that went to `packed-refs`.
    public var packedReferences = 0

    public init() {}

    public var isEmpty: Bool { self == MaintenanceReport() }
}
