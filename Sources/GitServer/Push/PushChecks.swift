import Core
import Git

/// What a repository says of each command of a push.
struct PushChecks: Sendable {
    enum Verdict: Sendable, Equatable {
        /// It is not done; why, and what is said beside it on the message band.
        case refused(String, note: String? = nil)
        /// The ref has the value already and pushers see that: nothing to do.
        case unchanged
        /// The ref has the value already, but its deploys failed: it stays and its deploys run again.
        case again(real: ObjectID)
        /// The ref is to move from `real`.
        case move(real: ObjectID)
        /// The ref is to move from `real`, to a commit that holds it; else it is refused so.
        case advance(real: ObjectID, otherwise: String)

        var isRefused: Bool { if case .refused = self { true } else { false } }

        /// The value that the ref must still have when it is moved, `nil` when nothing is to be done.
        var real: ObjectID? {
            switch self {
            case .refused, .unchanged: nil
            case .again(let real), .move(let real), .advance(let real, _): real
            }
        }
    }

    /// What git's own server reports of a ref that another push has moved, or that another process holds.
    static let failedUpdate = "failed to update ref"
    static let atomicFailure = "atomic push failure"

    private(set) var verdicts: [Verdict] = []
    private let request: PushRequest

    /// Checks names and old values.
    init(
        _ request: PushRequest, view: PusherView, policy: PushPolicy = PushPolicy(), snapshot: ReferenceSnapshot
    ) {
        self.request = request
        var names: Set<[UInt8]> = []
        for command in request.commands {
            guard names.insert(command.rawName).inserted else {
                verdicts.append(.refused("multiple updates for one ref"))
                continue
            }
            verdicts.append(Self.check(command, isForced: request.isForced, view, policy, snapshot))
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

    /// Refuses what points to an object that was in the store before and lacks something that it needs. Costs nothing for
    /// what the push brings.
    /// - Parameter kind: the kind of an object, new or old.
    mutating func checkStoredTargets(
        in repository: borrowing Repository, limit: WorkLimit,
        _ kind: (ObjectID) throws(GitError) -> ObjectKind?
    ) throws(GitError) -> Bool {
        var stored: Set<ObjectID> = []
        for (index, command) in request.commands.enumerated() where !verdicts[index].isRefused {
            if !command.new.isZero, try repository.objects.contains(command.new) { stored.insert(command.new) }
        }
        let missing = try repository.missingObjects(of: stored, limit: limit) { (id) throws(GitError) in
            try kind(id) != nil
        }
        for (index, command) in request.commands.enumerated() where !verdicts[index].isRefused {
            guard let object = missing[command.new] else { continue }
            verdicts[index] = .refused(
                "missing necessary objects",
                note: "error: \(command.new) was here before and needs \(object), which is gone")
        }
        failAllIfAtomic()
        return hasWork
    }

    /// Looks once more, now that the objects are kept and no other push comes in between: another may have moved a ref
    /// since the first look, and a commit that must hold another can be asked whether it does.
    mutating func recheck(in repository: borrowing Repository) throws(GitError) {
        let names = zip(request.commands, verdicts).compactMap { $1.real == nil ? nil : $0.name }
        let values = try repository.references.values(of: names)
        var history = History()
        for (index, command) in request.commands.enumerated() {
            guard let name = command.name, let real = verdicts[index].real else { continue }
            let now = values[name] ?? .zero
            guard now == real else {
                verdicts[index] = Self.lost(name, real: now, expected: real)
                continue
            }
            guard case .advance(_, let reason) = verdicts[index] else { continue }
            let isHeld = try history.unreachable([real], from: [command.new], in: repository).isEmpty
            verdicts[index] = isHeld ? .move(real: real) : .refused(reason)
        }
        failAllIfAtomic()
    }

    /// Refuses all that is not refused yet: the pack lacks objects beyond where a shallow client's history ends.
    mutating func refuseShallow(_ what: String) {
        for index in verdicts.indices where !verdicts[index].isRefused {
            verdicts[index] = .refused("shallow update not allowed", note: index == 0 ? "error: \(what)" : nil)
        }
    }

    /// What is said of refused commands on the message band.
    var notes: [String] {
        verdicts.compactMap { if case .refused(_, let note) = $0 { note } else { nil } }
    }

    var hasWork: Bool { verdicts.contains { !$0.isRefused } }

    private mutating func failAllIfAtomic() {
        guard request.isAtomic, verdicts.contains(where: \.isRefused) else { return }
        verdicts = verdicts.map { $0.isRefused ? $0 : .refused(Self.atomicFailure) }
    }

    private static func check(
        _ command: PushRequest.Command, isForced: Bool, _ view: PusherView, _ policy: PushPolicy,
        _ snapshot: ReferenceSnapshot
    ) -> Verdict {
        guard let name = command.name else { return .refused("the ref's name is not UTF-8") }
        guard !name.utf8.starts(with: References.hiddenPrefix.utf8) else {
            return .refused("deny \(command.new.isZero ? "deleting" : "updating") a hidden ref")
        }
        guard ReferenceName.isValid(command.rawName) else { return .refused("funny refname") }
        // A ref that is there may go, whatever its name is made of.
        guard command.new.isZero || ReferenceName.isNormal(name) else {
            return .refused("the ref's name is not in Unicode normal form C")
        }
        let real = snapshot[name]?.id ?? .zero
        // A ref that does not exist cannot be shown at another value.
        let shown = real.isZero ? real : view.shown(name) ?? real
        guard command.old == real || command.old == shown else {
            return lost(name, real: real, expected: command.old)
        }
        if command.new.isZero {
            if name == snapshot.head, !real.isZero {
                return .refused(
                    "deletion of the current branch prohibited",
                    note: "error: refusing to delete the current branch: \(name)")
            }
            if policy.protectedBranches.contains(name) { return .refused("the branch is protected") }
            return real.isZero ? .unchanged : .move(real: real)
        }
        if command.new == real { return shown == real ? .unchanged : .again(real: real) }
        if policy.protectedBranches.contains(name), !real.isZero {
            return .advance(real: real, otherwise: "the branch is protected: it can only be advanced")
        }
        // The client was shown an older commit, so it cannot know what it would drop, and did not say that it means to.
        if command.old != real, !isForced {
            let short = String(real.description.prefix(7))
            return .advance(
                real: real,
                otherwise: "branch holds \(short), whose deploy failed; fetch first, or drop it with: git push -o force"
            )
        }
        return .move(real: real)
    }

    /// A ref that is not what the client takes it for, in git's words (refs/files-backend.c).
    private static func lost(_ name: String, real: ObjectID, expected: ObjectID) -> Verdict {
        let reason =
            if real.isZero {
                "unable to resolve reference '\(name)'"
            } else if expected.isZero {
                "reference already exists"
            } else {
                "is at \(real) but expected \(expected)"
            }
        return .refused(failedUpdate, note: "error: cannot lock ref '\(name)': \(reason)")
    }
}
