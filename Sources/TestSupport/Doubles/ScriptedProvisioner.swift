import Core
import Synchronization

/// A provisioner without a Postgres.
public final class ScriptedProvisioner: DatabaseProvisioner {
    private struct State {
        var provisioned: Set<DatabaseIdentity> = []
        var failure: PlatformError?
        var dropFailure: PlatformError?
        var probeFailure: PlatformError?
        var refreshed: [DatabaseIdentity] = []
        var drops = 0
        var resets: [DatabaseIdentity] = []
        var endpointRequests = 0
        var dump: any DatabaseDump = ScriptedDump(pieces: ["-- a dump\n"])
    }

    private let state = Mutex(State())
    /// Where provisioning waits.
    public let gate = Gate()

    public init() {}

    public func fail(with error: PlatformError?) { state.withLock { $0.failure = error } }
    /// What a look at whether there is a Postgres throws.
    public func failProbes(with error: PlatformError?) { state.withLock { $0.probeFailure = error } }
    public var refreshed: [DatabaseIdentity] { state.withLock { $0.refreshed } }
    public func failDrops(with error: PlatformError?) { state.withLock { $0.dropFailure = error } }
    /// How often a drop was tried.
    public var drops: Int { state.withLock { $0.drops } }
    /// Schemas that were reset, in order.
    public var resets: [DatabaseIdentity] { state.withLock { $0.resets } }
    /// What the next dumps give.
    public func dump(_ dump: any DatabaseDump) { state.withLock { $0.dump = dump } }
    public var provisioned: Set<DatabaseIdentity> { state.withLock { $0.provisioned } }

    public func probe() async throws(PlatformError) {
        if let failure = state.withLock({ $0.probeFailure }) { throw failure }
    }

    public func refresh(_ identities: [DatabaseIdentity]) async throws(PlatformError) {
        state.withLock { $0.refreshed += identities }
    }

    public func missing(_ identities: [DatabaseIdentity]) async throws(PlatformError) -> [DatabaseIdentity] {
        state.withLock { state in identities.filter { !state.provisioned.contains($0) } }
    }

    /// Takes a database away behind the server's back.
    public func lose(_ identity: DatabaseIdentity) { state.withLock { _ = $0.provisioned.remove(identity) } }

    /// How often somebody asked where the databases are.
    public var endpointRequests: Int { state.withLock { $0.endpointRequests } }

    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint {
        state.withLock { $0.endpointRequests += 1 }
        return DatabaseEndpoint(host: "192.0.2.9", port: 5432)
    }

    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        await gate.pass()
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            state.provisioned.insert(identity)
        }
    }

    public func drop(_ identity: DatabaseIdentity) async throws(PlatformError) {
        try state.withLock { (state) throws(PlatformError) in
            state.drops += 1
            if let failure = state.dropFailure { throw failure }
            state.provisioned.remove(identity)
        }
    }

    public func reset(_ identity: DatabaseIdentity) async throws(PlatformError) {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            state.resets.append(identity)
        }
    }

    public func figures(_ identity: DatabaseIdentity) async throws(PlatformError) -> DatabaseFigures {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            return DatabaseFigures(connections: 2, connectionLimit: 20, storageBytes: 81_920)
        }
    }

    public func storage(database: String) async throws(PlatformError) -> DatabaseStorage {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            let schemas = state.provisioned.count { $0.database == database }
            return schemas == 0 ? .none : DatabaseStorage(bytes: 1_572_864, schemas: schemas)
        }
    }

    public func dump(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) -> any DatabaseDump {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            return state.dump
        }
    }
}

/// A dump of given pieces, which ends well or with an error.
public final class ScriptedDump: DatabaseDump {
    private let rest: Mutex<ArraySlice<String>>
    private let failure: PlatformError?
    private let closed = Mutex(false)

    public init(pieces: [String], failure: PlatformError? = nil) {
        rest = Mutex(pieces[...])
        self.failure = failure
    }

    public var isClosed: Bool { closed.withLock { $0 } }

    public func next() async throws(PlatformError) -> [UInt8]? {
        if let piece = rest.withLock({ $0.popFirst() }) { return Array(piece.utf8) }
        if let failure { throw failure }
        return nil
    }

    public func close() async { closed.withLock { $0 = true } }
}
