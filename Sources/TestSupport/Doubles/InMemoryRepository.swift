import Core
import Synchronization

/// Branches and commits without content.
public final class InMemoryRepository: SourceRepository {
    private struct State {
        var heads: [ID<App>: BranchName] = [:]
        var branches: [ID<App>: [BranchName: CommitID]] = [:]
        var commits: [ID<App>: Set<CommitID>] = [:]
        var pins: [ID<Deploy>: CommitID] = [:]
        var failures: [ID<App>: PlatformError] = [:]
        var creationFailure: PlatformError?
        var resolveGate: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    /// Moves a branch, as a push does.
    public func move(_ branch: BranchName, to commit: CommitID?, app: ID<App>) {
        state.withLock { state in
            state.branches[app, default: [:]][branch] = commit
            if let commit { state.commits[app, default: []].insert(commit) }
        }
    }

    /// What `resolve` of this app throws from now on.
    public func fail(_ app: ID<App>, with error: PlatformError?) { state.withLock { $0.failures[app] = error } }
    /// What `resolve` waits for from now on.
    public func holdResolve(until gate: (@Sendable () async -> Void)?) { state.withLock { $0.resolveGate = gate } }
    /// What `create` throws from now on.
    public func failCreation(with error: PlatformError?) { state.withLock { $0.creationFailure = error } }

    public var pinned: [ID<Deploy>: CommitID] { state.withLock { $0.pins } }
    public func head(of app: ID<App>) -> BranchName? { state.withLock { $0.heads[app] } }

    public func create(_ app: ID<App>, head: BranchName) async throws(PlatformError) {
        try state.withLock { (state) throws(PlatformError) in
            if let failure = state.creationFailure { throw failure }
            state.heads[app] = head
        }
    }

    public func delete(_ app: ID<App>) async throws(PlatformError) {
        state.withLock { state in
            state.heads[app] = nil
            state.branches[app] = nil
            state.commits[app] = nil
        }
    }

    public func exists(_ app: ID<App>) async -> Bool { state.withLock { $0.heads[app] != nil } }

    public func setHead(_ branch: BranchName, app: ID<App>) async throws(PlatformError) {
        state.withLock { $0.heads[app] = branch }
    }

    public func resolve(_ revision: Revision, app: ID<App>) async throws(PlatformError) -> CommitID? {
        await state.withLock { $0.resolveGate }?()
        return try state.withLock { (state) throws(PlatformError) in
            if let failure = state.failures[app] { throw failure }
            return switch revision {
            case .branch(let name): state.branches[app]?[name]
            case .commit(let commit): state.commits[app]?.contains(commit) == true ? commit : nil
            }
        }
    }

    public func branches(app: ID<App>) async throws(PlatformError) -> [BranchName] {
        state.withLock { ($0.branches[app] ?? [:]).keys.sorted { $0.rawValue < $1.rawValue } }
    }

    public func file(
        _ path: String, commit: CommitID, app: ID<App>, limit: Int
    ) async throws(PlatformError) -> [UInt8]? { nil }

    public func entries(
        of folder: String, commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> [String]? { folder.isEmpty ? [] : nil }

    public func submodules(of commit: CommitID, app: ID<App>) async throws(PlatformError) -> [Submodule] { [] }

    public func pin(_ commit: CommitID, deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {
        state.withLock { $0.pins[deploy] = commit }
    }

    public func unpin(_ deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {
        state.withLock { $0.pins[deploy] = nil }
    }

    public func checkOut(_ request: CheckoutRequest) async throws(PlatformError) -> CheckoutReport {
        CheckoutReport(files: 0, linked: 0, bytes: 0)
    }

    public func changes(
        from earlier: CommitID?, to commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> TreeChanges { TreeChanges(changes: [], isRelative: false) }

    public func write(
        _ blobs: Set<BlobID>, to directory: String, app: ID<App>, within allowance: ReleaseAllowance
    ) async throws(PlatformError) {}
}
