import Blocking
import Core

/// What has come of a push's pack: what the caller made of it, and the objects that wait to be accepted.
package struct Received<State: Sendable>: Sendable {
    package var state: State
    /// Is to be accepted before a ref moves to one of its objects; it goes with the last reference otherwise.
    package let pack: QuarantinedPack?
    /// To be held until the refs have moved.
    package let hold: PushInProgress
}

extension RepositoryStore {
    /// Reads and checks a pack: in this process, or by a helper when it is large or turns out to ask for much. Nothing of
    /// the repository has changed afterwards.
    /// - Parameters:
    ///   - progress: is told how far it is.
    ///   - begin: looks at the repository before; false when the pack need not be read.
    ///   - decide: says whether the pack is wanted, once it is known of which kind its objects are. Its function says that
    ///     of any object, new or old, `nil` when it is nowhere.
    package func receive<State: Sendable>(
        _ source: PackSource, of app: ID<App>, progress: PackProgress? = nil,
        begin: @escaping @Sendable (borrowing Repository) throws(GitError) -> (state: State, isWanted: Bool),
        decide:
            @escaping @Sendable (
                borrowing Repository, inout State, (ObjectID) throws(GitError) -> ObjectKind?
            ) throws(GitError) -> Bool
    ) async throws(GitError) -> Received<State> {
        let (limits, helper) = (configuration.receive, configuration.indexHelper)
        let (first, reception) = try await withRepositoryForPush(app) {
            (repository, hold) throws(GitError) -> (Received<State>, Reception) in
            let begun = try begin(repository)
            var state = begun.state
            guard begun.isWanted else { return (Received(state: state, pack: nil, hold: hold), .read(nil)) }
            let reception = try repository.receive(source, limits: limits, helper: helper, progress: progress) {
                (kind) throws(GitError) in try decide(repository, &state, kind)
            }
            guard case .read(let pack) = reception else {
                return (Received(state: state, pack: nil, hold: hold), reception)
            }
            return (Received(state: state, pack: pack, hold: hold), reception)
        }
        guard let helper, case .handedOver(let large) = reception else { return first }
        // They wait here for one another, and not on the threads that all others need.
        let answer = try await helperPool.run { () throws(GitError) in
            try helper.index(large, limits: limits, progress: progress)
        }
        return try await withRepository(app) { (repository) throws(GitError) in
            var state = first.state
            let pack = try repository.take(large, answer) { (kind) throws(GitError) in
                try decide(repository, &state, kind)
            }
            return Received(state: state, pack: pack, hold: first.hold)
        }
    }
}
