/// That all of a stored pack is reached from some commits, and what else they reach. It stays true as long as the pack is
/// there, so whoever wants these commits and newer ones is sent the pack as it is, and only what is new is looked for.
struct PackClosure: Sendable {
    let pack: OpenPack
    /// What the commits reach that the pack does not hold.
    let rest: [ObjectID]
    private let commits: Set<ObjectID>

    /// Names of objects that it holds.
    var names: Int { rest.count + commits.count }

    /// Finds the largest pack of which everything is selected; `nil` when there is none, or it is a small part.
    init?(
        _ request: PackRequest, _ selection: PackSelection, _ set: PackSet, history: inout History,
        repository: borrowing Repository
    ) throws(GitError) {
        let fitting = set.packs.filter { $0.index.count <= selection.objects.count }
            .sorted { $0.index.count > $1.index.count }
        let found = fitting.prefix(4).first { $0.index.ids.allSatisfy(selection.isSent) }
        guard let found, 2 * found.index.count >= selection.objects.count else { return nil }
        pack = found
        rest = selection.objects.filter { found.index.position(of: $0) == nil }
        var commits: Set<ObjectID> = []
        for want in request.wants {
            if let id = try history.commitID(want, in: repository) { commits.insert(id) }
        }
        guard !commits.isEmpty else { return nil }
        self.commits = commits
    }

    /// What goes with the pack for a request of everything; `nil` when the request does not reach all that this is about.
    func selection(
        for request: PackRequest, history: inout History, repository: borrowing Repository
    ) throws(GitError) -> PackSelection? {
        var wanted: [ObjectID] = []
        for want in request.wants {
            if let id = try history.commitID(want, in: repository) { wanted.append(id) }
        }
        for commit in commits where !wanted.contains(commit) {
            guard try repository.objects.header(commit) != nil else { return nil }
        }
        let (_, edges) = try history.difference(
            wants: wanted, haves: Array(commits), cut: [], haveCut: [], in: repository)
        guard commits.allSatisfy({ edges.contains($0) || wanted.contains($0) }) else { return nil }
        var newer = request
        newer.haves = Array(commits)
        newer.isThin = false
        let new = try PackSelection(newer, history: &history, repository: repository)
        var all = Set(rest)
        for id in new.objects where pack.index.position(of: id) == nil { all.insert(id) }
        return PackSelection(all: all.sorted())
    }
}
