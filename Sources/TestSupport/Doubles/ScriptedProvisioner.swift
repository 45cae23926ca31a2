import Core
import Synchronization

/// A provisioner without a Postgres.
public final class ScriptedProvisioner: DatabaseProvisioner {
    private struct State {
        var provisioned: Set<DatabaseIdentity> = []
        var failure: PlatformError?
    }

    private let state = Mutex(State())

    public init() {}

    public func fail(with error: PlatformError?) { state.withLock { $0.failure = error } }
    public var provisioned: Set<DatabaseIdentity> { state.withLock { $0.provisioned } }

    public func endpoint() async throws(PlatformError) -> DatabaseEndpoint {
        DatabaseEndpoint(host: "192.0.2.9", port: 5432)
    }

    public func provision(_ identity: DatabaseIdentity, password: String) async throws(PlatformError) {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failure { throw failure }
            state.provisioned.insert(identity)
        }
    }

    public func drop(_ identity: DatabaseIdentity) async throws(PlatformError) {
        state.withLock { _ = $0.provisioned.remove(identity) }
    }
}
