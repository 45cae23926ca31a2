import Git

/// Finds out what client and server have in common, for one stateless request.
struct Negotiation: ~Copyable {
    /// What to answer.
    struct Outcome: Sendable {
        var bytes: [UInt8] = []
        /// The pack that follows, `nil` when the client is to talk on.
        var pack: PackRequest?
    }

    private let request: FetchRequest
    private let limit: WorkLimit
    private var history: History
    private var common: [ObjectID] = []
    private var commonSet: Set<ObjectID> = []
    private var outcome = Outcome()
    private var enough: (count: Int, isEnough: Bool)?

    /// The time that the request has begins now.
    init(_ request: FetchRequest) {
        self.request = request
        limit = WorkLimit(request.time, of: "the fetch")
        history = History(limit: limit)
    }

    /// Throws `.refused` or `.tooLarge` with a text for the client when the request cannot be met.
    mutating func run(_ repository: borrowing Repository, isVersion2: Bool) throws(GitError) -> Outcome {
        let snapshot = try repository.snapshot(isPeeled: true)
        let deepening: Deepening?
        do throws(ProtocolError) {
            deepening = try request.deepening.resolved(in: snapshot)
        } catch {
            throw GitError(.refused, error.message, operation: "deepen")
        }
        if let refused = try refusedWant(snapshot, repository) {
            throw GitError(.refused, "upload-pack: not our ref \(refused)", operation: "want")
        }
        var boundary: ShallowBoundary?
        if let deepening, !request.wants.isEmpty {
            boundary = try history.boundary(
                deepening, wants: request.wants, clientShallow: request.clientShallow, in: repository)
        }
        let isReady =
            isVersion2 ? try negotiateVersion2(boundary, repository) : try negotiateVersion0(boundary, repository)
        if isReady {
            outcome.pack = PackRequest(
                wants: request.wants, haves: common, clientShallow: request.clientShallow, boundary: boundary,
                tags: request.includesTags ? snapshot.references.filter { $0.peeled != nil } : [],
                filter: request.filter, isThin: request.isThin, usesOffsetDeltas: request.usesOffsetDeltas,
                limit: limit)
        }
        return outcome
    }

    /// A want that is neither a ref's value nor reached by one: what was pushed and taken back stays private.
    private mutating func refusedWant(
        _ snapshot: ReferenceSnapshot, _ repository: borrowing Repository
    ) throws(GitError) -> ObjectID? {
        var allowed: Set<ObjectID> = []
        for reference in snapshot.references {
            allowed.insert(reference.id)
            if let peeled = reference.peeled { allowed.insert(peeled) }
        }
        var commits: Set<ObjectID> = []
        var others: Set<ObjectID> = []
        for want in request.wants where !allowed.contains(want) {
            guard let kind = try repository.objects.header(want)?.kind else { return want }
            if kind == .commit { commits.insert(want) } else { others.insert(want) }
        }
        if !commits.isEmpty {
            var tips: [ObjectID] = []
            for id in allowed {
                if try repository.objects.header(id)?.kind == .commit { tips.append(id) }
            }
            if let refused = try history.unreachable(commits, from: tips, in: repository).min() { return refused }
        }
        // Partial clones fetch the trees and files that they left out when they come to need them.
        guard !others.isEmpty else { return nil }
        return try history.unreachableObjects(others, from: allowed, in: repository).min()
    }

    /// Takes a commit that the client has; true when the server has it too.
    private mutating func take(_ id: ObjectID, _ repository: borrowing Repository) throws(GitError) -> Bool {
        guard try repository.objects.contains(id) else { return false }
        if commonSet.insert(id).inserted { common.append(id) }
        return true
    }

    /// Whether the client may stop to name commits. Found out anew only when more have come to be common.
    private mutating func isEnough(_ repository: borrowing Repository) throws(GitError) -> Bool {
        if let enough, enough.isEnough || enough.count == common.count { return enough.isEnough }
        let isEnough = try history.haveReached(wants: request.wants, haves: commonSet, in: repository)
        enough = (common.count, isEnough)
        return isEnough
    }

    /// gitprotocol-v2(5), "fetch": acknowledgments, then perhaps the pack in the same answer.
    private mutating func negotiateVersion2(
        _ boundary: ShallowBoundary?, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        var acknowledged: [ObjectID] = []
        for id in request.haves where try take(id, repository) { acknowledged.append(id) }
        if request.wants.isEmpty, !request.waitsForDone { return false }
        if !request.isDone, request.wants.isEmpty || !request.haves.isEmpty {
            PktLine.append(line: "acknowledgments", to: &outcome.bytes)
            if acknowledged.isEmpty { PktLine.append(line: "NAK", to: &outcome.bytes) }
            for id in acknowledged { PktLine.append(line: "ACK \(id)", to: &outcome.bytes) }
            let isReady = request.waitsForDone ? false : try isEnough(repository)
            guard isReady else {
                outcome.bytes += PktLine.flush
                return false
            }
            PktLine.append(line: "ready", to: &outcome.bytes)
            outcome.bytes += PktLine.delimiter
        }
        if boundary != nil || !request.clientShallow.isEmpty {
            PktLine.append(line: "shallow-info", to: &outcome.bytes)
            if let boundary { append(boundary) }
            outcome.bytes += PktLine.delimiter
        }
        PktLine.append(line: "packfile", to: &outcome.bytes)
        return true
    }

    /// gitprotocol-pack(5), "Packfile Negotiation", as a stateless server does it: the answer ends at a flush.
    private mutating func negotiateVersion0(
        _ boundary: ShallowBoundary?, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        if let boundary {
            append(boundary)
            outcome.bytes += PktLine.flush
        }
        let isDetailed = request.capabilities.contains("multi_ack_detailed")
        let isMultiple = isDetailed || request.capabilities.contains("multi_ack")
        let skipsDone = isDetailed && request.capabilities.contains("no-done")
        var isReady = false
        var hasOther = false
        var hasCommon = false
        for step in request.steps {
            switch step {
            case .have(let id):
                if try take(id, repository) {
                    hasCommon = true
                    if isDetailed {
                        acknowledge(id, " common")
                    } else if isMultiple {
                        acknowledge(id, " continue")
                    } else if common.count == 1 {
                        acknowledge(id, "")
                    }
                } else {
                    hasOther = true
                    if isMultiple, try isEnough(repository) {
                        if isDetailed { isReady = true }
                        acknowledge(id, isDetailed ? " ready" : " continue")
                    }
                }
            case .flush:
                if isDetailed, hasCommon, !hasOther, let last = common.last, try isEnough(repository) {
                    isReady = true
                    acknowledge(last, " ready")
                }
                if common.isEmpty || isMultiple { PktLine.append(line: "NAK", to: &outcome.bytes) }
                if skipsDone, isReady, let last = common.last {
                    acknowledge(last, "")
                    return true
                }
                return false
            }
        }
        guard request.isDone else { return false }
        if let last = common.last {
            if isMultiple { acknowledge(last, "") }
        } else {
            PktLine.append(line: "NAK", to: &outcome.bytes)
        }
        return true
    }

    private mutating func acknowledge(_ id: ObjectID, _ how: String) {
        PktLine.append(line: "ACK \(id)\(how)", to: &outcome.bytes)
    }

    /// Without line ends, as git sends these lines and no others.
    private mutating func append(_ boundary: ShallowBoundary) {
        for id in boundary.added { PktLine.append(Array("shallow \(id)".utf8), to: &outcome.bytes) }
        for id in boundary.removed { PktLine.append(Array("unshallow \(id)".utf8), to: &outcome.bytes) }
    }
}
