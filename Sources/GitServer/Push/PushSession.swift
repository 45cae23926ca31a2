import Core
import Git
import Logging

/// Does what a push asks for, in the order that makes its answer true: objects checked and safe on disk, deploys written
/// down, objects made the repository's, refs moved, deploys run, report.
///
/// It runs to its end whether the client stays or not.
struct PushSession: Sendable {
    enum Output: Sendable {
        /// Lines for people, without their line ends.
        case lines([String])
        /// What came is sound; refs may move.
        case checked
        case report(PushReport)
    }

    let store: RepositoryStore
    let gate: any GitGate
    let turns: PushTurns
    let admission: Admission
    let request: PushRequest
    /// The pack, or why it could not be taken.
    let intake: Result<PackSource, PlatformError>
    let allowance: PushAllowance
    let policy: PushPolicy
    /// Of reading the pack.
    let progress = PackProgress()
    let logger: Logger

    /// Notes that are shown of one push; ten thousand refs need not be talked about one by one.
    private static let noteLimit = 50

    private var access: GitAccess { admission.access }

    /// - Parameter emit: takes the output; false when nobody listens any more.
    func run(_ emit: @escaping @Sendable (Output) -> Bool) async {
        var failures: [String?] = request.commands.map { _ in nil }
        do throws(PlatformError) {
            let objects = try await takeObjects()
            _ = emit(.checked)
            defer { withExtendedLifetime(objects.hold) {} }
            failures = try await perform(objects, emit)
            _ = emit(.report(report(failures)))
        } catch {
            await discard(nil)
            if let cause = error.cause {
                logger.error("push failed", metadata: ["app": "\(access.app.id)", "cause": "\(cause)"])
            }
            _ = emit(.report(report(request.commands.map { _ in "unpacker error" }, unpackFailure: error.message)))
        }
    }

    /// Indexes the pack and checks everything that can be checked before a ref moves.
    private func takeObjects() async throws(PlatformError) -> Received<PushChecks> {
        let source = try intake.get()
        let view = PusherView(try await gate.pusherView(of: access.app))
        let (request, policy) = (request, policy)
        let time = Duration.seconds(store.configuration.receive.indexSeconds)
        do throws(GitError) {
            return try await store.receive(source, of: access.app.id, progress: progress) {
                (repository) throws(GitError) in
                let checks = PushChecks(request, view: view, policy: policy, snapshot: try repository.snapshot())
                return (checks, checks.hasWork)
            } decide: { (repository, checks, kind) throws(GitError) in
                guard try checks.checkTargets(kind) else { return false }
                return try checks.checkStoredTargets(in: repository, limit: WorkLimit(time, of: "the push"), kind)
            }
        } catch {
            // A shallow client does not know that what it leaves out is not here.
            guard error.operation == "connectivity", !request.shallow.isEmpty else {
                throw error.platformError("the repository")
            }
            return try await refuseShallow(error.message, view)
        }
    }

    private func refuseShallow(
        _ what: String, _ view: PusherView
    ) async throws(PlatformError) -> Received<PushChecks> {
        let (request, policy) = (request, policy)
        do throws(GitError) {
            return try await store.receive(.none, of: access.app.id) { (repository) throws(GitError) in
                var checks = PushChecks(request, view: view, policy: policy, snapshot: try repository.snapshot())
                checks.refuseShallow(what)
                return (checks, false)
            } decide: { (_, _, _) throws(GitError) in
                false
            }
        } catch {
            throw error.platformError("the repository")
        }
    }

    /// Removes what was taken and not accepted.
    private func discard(_ pack: QuarantinedPack?) async {
        var quarantines = pack.map { [$0.quarantine] } ?? []
        if case .success(.file(let quarantine)) = intake { quarantines.append(quarantine) }
        await store.discard(quarantines)
    }

    /// Moves the refs and follows their deploys. Returns why a command failed, for each.
    private func perform(
        _ objects: Received<PushChecks>, _ emit: @escaping @Sendable (Output) -> Bool
    ) async throws(PlatformError) -> [String?] {
        await turns.take(access.app.id)
        let result: Result<Movement, PlatformError>
        do throws(PlatformError) { result = .success(await moveRefs(try await recheck(objects))) } catch {
            result = .failure(error)
        }
        await turns.giveBack(access.app.id)
        if let pack = objects.pack, pack.quarantine.isRemoved { store.grew(access.app.id, by: pack.bytes) }
        await discard(objects.pack)
        await store.notePush(access.app.id)
        let movement = try result.get()
        var failures = movement.failures
        var notes = Array(movement.notes.prefix(Self.noteLimit))
        if movement.notes.count > notes.count { notes.append("… and \(movement.notes.count - notes.count) more …") }
        if !notes.isEmpty { _ = emit(.lines(notes)) }
        guard !request.isDetached else { return failures }
        let outcomes = await follow(movement.events, emit)
        guard !request.isAtomic else { return failures }
        for (index, command) in request.commands.enumerated() where failures[index] == nil {
            if let name = command.name, movement.moved.contains(name) { failures[index] = outcomes[name] }
        }
        return failures
    }

    /// What came of the refs, and the deploys that they set off.
    private struct Movement {
        /// Why a command failed, for each.
        var failures: [String?]
        var moved: Set<String> = []
        var notes: [String] = []
        var events = AsyncStream<PushEvent> { $0.finish() }
    }

    /// The checks again, now that no other push comes in between. Whoever was let in when the push began may have lost
    /// that right while it came.
    private func recheck(_ objects: Received<PushChecks>) async throws(PlatformError) -> Received<PushChecks> {
        guard objects.state.hasWork else { return objects }
        try await admission.confirm()
        do throws(GitError) {
            // Others may have pushed meanwhile, and a pack that was completed is larger than it came.
            if let pack = objects.pack {
                try await allowance.quota(of: access.app.id, in: store).check(adding: pack.bytes)
            }
            return try await store.withRepository(access.app.id, seeing: objects.pack) {
                (repository) throws(GitError) in
                var checked = objects
                try checked.state.recheck(in: repository)
                return checked
            }
        } catch {
            throw error.platformError("the repository")
        }
    }

    /// Writes the deploys down, moves the refs and starts what they set off.
    private func moveRefs(_ objects: Received<PushChecks>) async -> Movement {
        let verdicts = objects.state.verdicts
        var movement = Movement(
            failures: verdicts.map { if case .refused(let reason, _) = $0 { reason } else { nil } })
        movement.notes = objects.state.notes
        var updates: [PushUpdate] = []
        var moves: [(index: Int, update: ReferenceUpdate)] = []
        for (index, command) in request.commands.enumerated() {
            guard let name = command.name else { continue }
            switch verdicts[index] {
            case .refused, .unchanged, .advance: continue
            case .again(let real):
                updates.append(PushUpdate(ref: name, old: real.commitID, new: command.new.commitID))
                movement.moved.insert(name)
            case .move(let real):
                updates.append(PushUpdate(ref: name, old: real.commitID, new: command.new.commitID))
                moves.append((index, ReferenceUpdate(name: name, old: real, new: command.new)))
            }
        }
        guard !updates.isEmpty else {
            if objects.state.hasWork, let failure = await keep(objects.pack) {
                movement.failures = movement.failures.map { $0 ?? failure }
            }
            return movement
        }

        let prepared: PreparedPush
        do throws(PlatformError) {
            prepared = try await gate.prepare(updates, access: access)
        } catch {
            if let cause = error.cause {
                logger.error("push not prepared", metadata: ["app": "\(access.app.id)", "cause": "\(cause)"])
            }
            movement.moved = []
            if let output = error.details["output"], !output.isEmpty {
                movement.notes += output.split(separator: "\n").map(String.init)
            }
            movement.failures = zip(verdicts, movement.failures).map { $0 == .unchanged ? $1 : $1 ?? error.message }
            return movement
        }
        for (move, failure) in zip(moves, await move(moves.map(\.update), accepting: objects.pack)) {
            movement.failures[move.index] = failure?.reason
            if let note = failure?.note { movement.notes.append(note) }
            if failure == nil { movement.moved.insert(move.update.name) }
        }
        if request.isAtomic, moves.contains(where: { movement.failures[$0.index] != nil }) { movement.moved = [] }
        // A ref that stays where it is may be one whose objects were lost.
        if movement.failures.contains(nil) { _ = await keep(objects.pack) }
        movement.events = await gate.proceed(prepared, moved: movement.moved)
        movement.notes += prepared.notes
        return movement
    }

    /// Why a ref did not move: what the report says, and what is said beside it on the message band.
    private struct MoveFailure: Sendable {
        let reason: String
        var note: String?

        init(_ error: GitError) {
            switch error.code {
            case .locked: (reason, note) = (PushChecks.failedUpdate, "error: \(error.message)")
            case .refused, .tooLarge, .unusable: (reason, note) = (error.message, nil)
            case .notFound, .exists, .system, .library: (reason, note) = (PushChecks.failedUpdate, nil)
            }
        }
    }

    /// Keeps the pack of a push that went through though no ref had to move. Returns why it could not be.
    private func keep(_ pack: QuarantinedPack?) async -> String? {
        guard let pack, !pack.quarantine.isRemoved else { return nil }
        do throws(GitError) { try await store.accept(pack) } catch {
            logger.error("pack not kept", metadata: ["app": "\(access.app.id)", "cause": "\(error)"])
            return MoveFailure(error).reason
        }
        return nil
    }

    /// Moves the refs, and accepts the pack before the first one moves; the result holds, for each, why it did not.
    private func move(_ updates: [ReferenceUpdate], accepting pack: QuarantinedPack?) async -> [MoveFailure?] {
        guard !updates.isEmpty else { return [] }
        let isAtomic = request.isAtomic
        do throws(GitError) {
            let failures = try await store.withRepository(access.app.id, seeing: pack) {
                (repository) throws(GitError) in
                try repository.update(updates, isAtomic: isAtomic, accepting: pack)
            }
            for case let failure? in failures where !failure.isShowable {
                logger.error("ref not moved", metadata: ["app": "\(access.app.id)", "cause": "\(failure)"])
            }
            return failures.map { $0.map(MoveFailure.init) }
        } catch {
            logger.error("refs not moved", metadata: ["app": "\(access.app.id)", "cause": "\(error)"])
            return updates.map { _ in MoveFailure(error) }
        }
    }

    /// Hands the deploys' lines on until all have ended. Returns the failures by ref.
    private func follow(
        _ events: AsyncStream<PushEvent>, _ emit: @escaping @Sendable (Output) -> Bool
    ) async -> [String: String] {
        var failures: [String: String] = [:]
        for await event in events {
            switch event {
            case .lines(let lines):
                // Nobody listens: leave the stream, the deploys go on.
                if !emit(.lines(lines)) { return failures }
            case .settled(let ref, let failure): failures[ref] = failure
            }
        }
        return failures
    }

    private func report(_ failures: [String?], unpackFailure: String? = nil) -> PushReport {
        PushReport(
            unpackFailure: unpackFailure, results: zip(request.commands, failures).map { ($0.rawName, $1) })
    }
}
