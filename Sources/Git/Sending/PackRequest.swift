/// Which objects a client is to get.
package struct PackRequest: Sendable, Hashable {
    /// Commits, tags or other objects; the caller has checked that they may be asked for.
    package var wants: [ObjectID]
    /// Commits that the client has, and so all that they reach but for `clientShallow`'s parents.
    package var haves: [ObjectID]
    /// Commits whose parents the client does not have now.
    package var clientShallow: Set<ObjectID>
    /// Where the client's history is to end; `nil` when the fetch does not change that.
    package var boundary: ShallowBoundary?
    /// Annotated tags to add when what they point to is sent.
    package var tags: [Reference]
    /// What the client does without; `nil`: nothing.
    package var filter: ObjectFilter?
    /// Whether deltas may build on objects that the client has.
    package var isThin: Bool
    /// Whether a delta may name its base by the distance to it.
    package var usesOffsetDeltas: Bool
    /// How long the making may take.
    package var limit: WorkLimit

    package init(
        wants: [ObjectID], haves: [ObjectID] = [], clientShallow: Set<ObjectID> = [], boundary: ShallowBoundary? = nil,
        tags: [Reference] = [], filter: ObjectFilter? = nil, isThin: Bool = false, usesOffsetDeltas: Bool = false,
        limit: WorkLimit = .none
    ) {
        self.wants = wants
        self.haves = haves
        self.clientShallow = clientShallow
        self.boundary = boundary
        self.tags = tags
        self.filter = filter
        self.isThin = isThin
        self.usesOffsetDeltas = usesOffsetDeltas
        self.limit = limit
    }
}

extension Repository {
    /// Makes the pack for a request, or takes the one that was made for the same request before.
    ///
    /// Throws `.tooLarge` when it takes longer than the request allows, when the pack is larger than `limit` bytes, or when the
    /// disk has no room for what has to be written first; `.refused` when the task that waits for it is cancelled.
    /// - Parameter diskRoom: tells the bytes on disk that there are.
    package borrowing func makePack(
        _ request: PackRequest, limit: Int = .max, diskRoom: @escaping @Sendable () -> Int? = { nil }
    ) throws(GitError) -> OutgoingPack {
        if let made = outgoing.pack(for: request, in: directory), made.size <= limit { return made }
        let set = packs.packs(in: "\(directory)/objects/pack")
        let plan = try self.plan(request, set)
        let assembly = PackAssembly(
            plan.selection, after: plan.prefix, packs: set,
            style: PackStyle(usesOffsetDeltas: request.usesOffsetDeltas),
            folder: "\(directory)/objects", limit: limit, work: request.limit, diskRoom: diskRoom)
        let pack = try assembly.assemble(self)
        outgoing.keep(pack, for: request, in: directory)
        SpareMemory.giveBack(after: pack.objects)
        return pack
    }

    /// What goes into a pack: of a clone, the largest stored pack as it is when all of it is asked for, and the rest.
    private borrowing func plan(
        _ request: PackRequest, _ set: PackSet
    ) throws(GitError) -> (selection: PackSelection, prefix: OpenPack?) {
        var history = History(limit: request.limit)
        guard request.isWhole, request.usesOffsetDeltas else {
            return (try PackSelection(request, history: &history, repository: self), nil)
        }
        if let known = closures.closure(of: directory), let prefix = set.packs.first(where: { $0 === known.pack }),
            let selection = try known.selection(for: request, history: &history, repository: self)
        {
            return (selection, prefix)
        }
        let selection = try PackSelection(request, history: &history, repository: self)
        guard let closure = try PackClosure(request, selection, set, history: &history, repository: self) else {
            return (selection, nil)
        }
        closures.keep(closure, of: directory)
        return (PackSelection(all: closure.rest), closure.pack)
    }
}

extension PackRequest {
    /// Whether everything that the wants reach is asked for.
    var isWhole: Bool { haves.isEmpty && clientShallow.isEmpty && boundary == nil && filter == nil }

    /// About how many bytes it takes: a client may name many commits.
    var memory: Int {
        var names = wants.count + haves.count + clientShallow.count
        if let boundary { names += boundary.commits.count + boundary.added.count + boundary.removed.count }
        return 64 * names + tags.reduce(0) { $0 + $1.name.utf8.count + 128 }
    }
}
