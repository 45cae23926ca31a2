import Core
import Git
import Logging

/// Does what a push asks for, in the order that makes its answer true: objects safe on disk, deploys written down, refs
/// moved, deploys run, report.
///
/// It runs to its end whether the client stays or not.
struct PushSession: Sendable {
    enum Output: Sendable {
        /// A line for people, without its line end.
        case line(String)
        case report(PushReport)
    }

    let store: RepositoryStore
    let gate: any GitGate
    let turns: PushTurns
    let access: GitAccess
    let request: PushRequest
    /// The pack, or why it could not be taken.
    let intake: Result<PackSource, PlatformError>
    let logger: Logger

    /// - Parameter emit: takes the output; false when nobody listens any more.
    func run(_ emit: @escaping @Sendable (Output) -> Bool) async {
        var failures: [String?] = request.commands.map { _ in nil }
        do throws(PlatformError) {
            let verdicts = try await takeObjects()
            failures = try await perform(verdicts, emit)
            _ = emit(.report(report(failures)))
        } catch {
            if let cause = error.cause {
                logger.error("push failed", metadata: ["app": "\(access.app.id)", "cause": "\(cause)"])
            }
            _ = emit(.report(report(request.commands.map { _ in "unpacker error" }, unpackFailure: error.message)))
        }
    }

    /// Indexes the pack and checks everything that can be checked before a ref moves.
    private func takeObjects() async throws(PlatformError) -> [PushChecks.Verdict] {
        let source = try intake.get()
        let view = PusherView(try await gate.pusherView(of: access.app))
        let (request, limits) = (request, store.configuration.receive)
        do throws(GitError) {
            return try await store.withRepository(access.app.id) { (repository) throws(GitError) in
                var checks = try PushChecks(request, view: view, in: repository)
                guard checks.hasWork else { return checks.verdicts }
                try repository.receive(source, limits: limits) { (kind) throws(GitError) in
                    try checks.checkTargets(kind)
                }
                return checks.verdicts
            }
        } catch {
            throw error.platformError("the repository")
        }
    }

    /// Moves the refs and follows their deploys. Returns why a command failed, for each.
    private func perform(
        _ verdicts: [PushChecks.Verdict], _ emit: @escaping @Sendable (Output) -> Bool
    ) async throws(PlatformError) -> [String?] {
        await turns.take(access.app.id)
        let result: Result<Movement, PlatformError>
        do throws(PlatformError) { result = .success(await moveRefs(try await recheck(verdicts))) } catch {
            result = .failure(error)
        }
        await turns.giveBack(access.app.id)
        let movement = try result.get()
        var failures = movement.failures
        for note in movement.notes { _ = emit(.line(note)) }
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

    /// The verdicts again, now that no other push comes in between: another may have moved a ref since they were made.
    private func recheck(_ verdicts: [PushChecks.Verdict]) async throws(PlatformError) -> [PushChecks.Verdict] {
        let request = request
        do throws(GitError) {
            return try await store.withRepository(access.app.id) { (repository) throws(GitError) in
                var checked = verdicts
                for (index, command) in request.commands.enumerated() {
                    let real: ObjectID
                    switch verdicts[index] {
                    case .refused, .unchanged: continue
                    case .again(let value), .move(let value): real = value
                    }
                    guard let name = command.name else { continue }
                    if try (repository.references.value(of: name) ?? .zero) != real {
                        checked[index] = .refused(PushChecks.changed)
                    }
                }
                if request.isAtomic, checked.contains(where: \.isRefused) {
                    checked = checked.map { $0.isRefused ? $0 : .refused(PushChecks.atomicFailure) }
                }
                return checked
            }
        } catch {
            throw error.platformError("the repository")
        }
    }

    /// Writes the deploys down, moves the refs and starts what they set off.
    private func moveRefs(_ verdicts: [PushChecks.Verdict]) async -> Movement {
        var movement = Movement(
            failures: verdicts.map { if case .refused(let reason) = $0 { reason } else { nil } })
        var updates: [PushUpdate] = []
        var moves: [(index: Int, update: ReferenceUpdate)] = []
        for (index, command) in request.commands.enumerated() {
            guard let name = command.name else { continue }
            switch verdicts[index] {
            case .refused, .unchanged: continue
            case .again(let real):
                updates.append(PushUpdate(ref: name, old: real.commitID, new: command.new.commitID))
                movement.moved.insert(name)
            case .move(let real):
                updates.append(PushUpdate(ref: name, old: real.commitID, new: command.new.commitID))
                moves.append((index, ReferenceUpdate(name: name, old: real, new: command.new)))
            }
        }
        guard !updates.isEmpty else { return movement }

        let prepared: PreparedPush
        do throws(PlatformError) {
            prepared = try await gate.prepare(updates, access: access)
        } catch {
            if let cause = error.cause {
                logger.error("push not prepared", metadata: ["app": "\(access.app.id)", "cause": "\(cause)"])
            }
            movement.moved = []
            movement.failures = zip(verdicts, movement.failures).map { $0 == .unchanged ? $1 : $1 ?? error.message }
            return movement
        }
        for (move, failure) in zip(moves, await move(moves.map(\.update))) {
            movement.failures[move.index] = failure
            if failure == nil { movement.moved.insert(move.update.name) }
        }
        if request.isAtomic, moves.contains(where: { movement.failures[$0.index] != nil }) { movement.moved = [] }
        movement.events = await gate.proceed(prepared, moved: movement.moved)
        movement.notes = prepared.notes
        return movement
    }

    /// Moves the refs; the result holds, for each, why it did not.
    private func move(_ updates: [ReferenceUpdate]) async -> [String?] {
        guard !updates.isEmpty else { return [] }
        let isAtomic = request.isAtomic
        do throws(GitError) {
            let failures = try await store.withRepository(access.app.id) { (repository) throws(GitError) in
                try repository.update(updates, isAtomic: isAtomic)
            }
            for case let failure? in failures where !failure.isShowable {
                logger.error("ref not moved", metadata: ["app": "\(access.app.id)", "cause": "\(failure)"])
            }
            return failures.map { $0?.platformError("the ref").message }
        } catch {
            logger.error("refs not moved", metadata: ["app": "\(access.app.id)", "cause": "\(error)"])
            return updates.map { _ in error.platformError("the ref").message }
        }
    }

    /// Hands the deploys' lines on until all have ended. Returns the failures by ref.
    private func follow(
        _ events: AsyncStream<PushEvent>, _ emit: @escaping @Sendable (Output) -> Bool
    ) async -> [String: String] {
        var failures: [String: String] = [:]
        for await event in events {
            switch event {
            case .line(let line):
                // Nobody listens: leave the stream, the deploys go on.
                if !emit(.line(line)) { return failures }
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
