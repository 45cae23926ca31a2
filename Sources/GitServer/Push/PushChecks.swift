import Core
import Git

/// What a repository says of each command of a push.
struct PushChecks: Sendable {
    enum Verdict: Sendable, Equatable {
        /// It is not done; why.
        case refused(String)
        /// The ref has the value already and pushers see that: nothing to do.
        case unchanged
        /// The ref has the value already, but its deploys failed: it stays and its deploys run again.
        case again(real: ObjectID)
        /// The ref is to move from `real`.
        case move(real: ObjectID)

        var isRefused: Bool { if case .refused = self { true } else { false } }
    }

    static let changed = "the ref has changed meanwhile; fetch first"
    static let atomicFailure = "atomic push failure"

    private(set) var verdicts: [Verdict] = []
    private let request: PushRequest

    /// Checks names and old values.
    init(_ request: PushRequest, view: PusherView, in repository: borrowing Repository) throws(GitError) {
        self.request = request
        let snapshot = try repository.snapshot(isPeeled: false)
        var values: [String: ObjectID] = [:]
        for reference in snapshot.references { values[reference.name] = reference.id }
        var names: Set<[UInt8]> = []
        for command in request.commands {
            guard names.insert(command.rawName).inserted else {
                verdicts.append(.refused("multiple updates for one ref"))
                continue
            }
            verdicts.append(
                Self.check(command, head: snapshot.head, real: command.name.flatMap { values[$0] } ?? .zero, view: view)
            )
        }
        failAllIfAtomic()
    }

    /// Refuses what points to an object that is nowhere or of the wrong kind. True when something is left to do.
    mutating func checkTargets(_ kind: (ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool {
        for (index, command) in request.commands.enumerated() where !verdicts[index].isRefused && !command.new.isZero {
            switch try kind(command.new) {
            case nil: verdicts[index] = .refused("missing necessary objects")
            case .commit: break
            case .tree, .blob, .tag:
                if command.rawName.starts(with: BranchName.prefix.utf8) {
                    verdicts[index] = .refused("a branch must point to a commit")
                }
            }
        }
        failAllIfAtomic()
        return hasWork
    }

    var hasWork: Bool { verdicts.contains { !$0.isRefused } }

    private mutating func failAllIfAtomic() {
        guard request.isAtomic, verdicts.contains(where: \.isRefused) else { return }
        verdicts = verdicts.map { $0.isRefused ? $0 : .refused(Self.atomicFailure) }
    }

    private static func check(
        _ command: PushRequest.Command, head: String?, real: ObjectID, view: PusherView
    ) -> Verdict {
        guard let name = command.name else { return .refused("the ref's name is not UTF-8") }
        guard !name.hasPrefix(References.hiddenPrefix) else { return .refused("deny updating a hidden ref") }
        guard ReferenceName.isValid(name) else { return .refused("funny refname") }
        // A ref that does not exist cannot be shown at another value.
        let shown = real.isZero ? real : view.shown(name) ?? real
        guard command.old == real || command.old == shown else {
            return .refused(changed)
        }
        if command.new.isZero {
            if name == head, !real.isZero { return .refused("deletion of the current branch prohibited") }
            return real.isZero ? .unchanged : .move(real: real)
        }
        if command.new == real { return shown == real ? .unchanged : .again(real: real) }
        return .move(real: real)
    }
}
