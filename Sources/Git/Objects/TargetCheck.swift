extension Repository {
    /// Which of `targets`, that are in the store, cannot be given to a ref because something that they need is not there:
    /// the first such thing of each.
    ///
    /// What refs reach is whole. What none reaches may have lost objects to maintenance, of this server or of an outside
    /// git, so it is walked until it meets what refs reach, as git does (`rev-list --objects --not --all`).
    /// - Parameters:
    ///   - limit: how long that may take; `.tooLarge` is thrown then.
    ///   - isBrought: whether an object that is not in the store comes with the push, and so is whole.
    package borrowing func missingObjects(
        of targets: Set<ObjectID>, limit: WorkLimit = .none,
        isBrought: (ObjectID) throws(GitError) -> Bool = { (_) throws(GitError) in false }
    ) throws(GitError) -> [ObjectID: ObjectID] {
        let references = try references.all()
        let unknown = targets.subtracting(references.map(\.id))
        guard !unknown.isEmpty else { return [:] }
        var check = TargetCheck(limit: limit)
        return try check.missing(of: unknown, known: Set(references.map(\.id)), self, isBrought)
    }
}

/// Whether an object is there.
private enum Presence: Equatable {
    case stored(ObjectKind)
    case brought
    case missing
}

/// The walk from targets to what refs reach.
private struct TargetCheck: ~Copyable {
    private var history: History
    /// Trees that were walked, with what they lack.
    private var trees: [ObjectID: ObjectID?] = [:]
    private var isRefreshed = false

    init(limit: WorkLimit) { history = History(limit: limit) }

    typealias Brought = (ObjectID) throws(GitError) -> Bool

    mutating func missing(
        of targets: Set<ObjectID>, known: Set<ObjectID>, _ repository: borrowing Repository, _ isBrought: Brought
    ) throws(GitError) -> [ObjectID: ObjectID] {
        var missing: [ObjectID: ObjectID] = [:]
        var commits: [(target: ObjectID, commit: ObjectID)] = []
        for target in targets.sorted() {
            var id = target
            while try presence(of: id, repository, isBrought) == .stored(.tag) {
                try history.tick(repository)
                let tag = id
                id = try repository.objects.read(tag, as: .tag) { (bytes) throws(GitError) in
                    try TagObject(bytes, id: tag).target
                }
            }
            switch try presence(of: id, repository, isBrought) {
            case .stored(.commit): commits.append((target, id))
            case .stored(.tree): missing[target] = try lack(ofTree: id, repository, isBrought)
            case .stored(.blob), .brought: break
            case .stored(.tag), .missing: missing[target] = id
            }
        }
        guard !commits.isEmpty else { return missing }
        let lacks = try lacks(ofCommits: Set(commits.map(\.commit)), known: known, repository, isBrought)
        for (target, commit) in commits { missing[target] = lacks[commit] }
        return missing
    }

    /// What those of the commits lack that lack something.
    private mutating func lacks(
        ofCommits starts: Set<ObjectID>, known: Set<ObjectID>, _ repository: borrowing Repository,
        _ isBrought: Brought
    ) throws(GitError) -> [ObjectID: ObjectID] {
        let new = try newCommits(starts, known: known, repository)
        var lacks: [ObjectID: ObjectID] = [:]
        var done: Set<ObjectID> = []
        // Parents first, since a commit lacks what they lack.
        var stack = starts.map { (id: $0, areParentsDone: false) }
        while let (id, areParentsDone) = stack.popLast() {
            if !areParentsDone {
                guard new?.contains(id) ?? true, done.insert(id).inserted else { continue }
                let presence = try presence(of: id, repository, isBrought)
                guard presence == .stored(.commit) else {
                    if presence != .brought { lacks[id] = id }
                    continue
                }
                stack.append((id, true))
                for parent in try history.commit(id, in: repository).parents { stack.append((parent, false)) }
                continue
            }
            let commit = try history.commit(id, in: repository)
            if let lack = commit.parents.lazy.compactMap({ lacks[$0] }).first {
                lacks[id] = lack
            } else {
                lacks[id] = try lack(ofTree: commit.tree, repository, isBrought)
            }
        }
        return lacks
    }

    /// The commits that no ref reaches; `nil` when that cannot be found out, because one of them is missing.
    private mutating func newCommits(
        _ starts: Set<ObjectID>, known: Set<ObjectID>, _ repository: borrowing Repository
    ) throws(GitError) -> Set<ObjectID>? {
        var tips: Set<ObjectID> = []
        for id in known {
            if let commit = try history.commitID(id, in: repository) { tips.insert(commit) }
        }
        do throws(GitError) {
            return Set(
                try history.difference(
                    wants: Array(starts), haves: Array(tips), cut: [], haveCut: [], in: repository
                ).commits)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private struct Open {
        let id: ObjectID
        var folders: [ObjectID] = []
        var lack: ObjectID?
    }

    /// The first thing that a tree lacks.
    private mutating func lack(
        ofTree root: ObjectID, _ repository: borrowing Repository, _ isBrought: Brought
    ) throws(GitError) -> ObjectID? {
        if let known = trees[root] { return known }
        var path = [try open(root, repository, isBrought)]
        while let tree = path.last {
            if tree.lack == nil, let folder = tree.folders.last {
                if let known = trees[folder] {
                    path[path.count - 1].folders.removeLast()
                    path[path.count - 1].lack = known
                } else {
                    path.append(try open(folder, repository, isBrought))
                }
            } else {
                trees.updateValue(tree.lack, forKey: tree.id)
                path.removeLast()
            }
        }
        return trees[root] ?? nil
    }

    private mutating func open(
        _ id: ObjectID, _ repository: borrowing Repository, _ isBrought: Brought
    ) throws(GitError) -> Open {
        try history.tick(repository)
        let presence = try presence(of: id, repository, isBrought)
        guard presence == .stored(.tree) else { return Open(id: id, lack: presence == .brought ? nil : id) }
        var tree = Open(id: id)
        var files: [ObjectID] = []
        try repository.objects.read(id, as: .tree) { (bytes) throws(GitError) in
            var reader = TreeReader(bytes)
            while let entry = try reader.next() {
                switch entry.kind {
                case .submodule: continue
                case .folder: tree.folders.append(entry.id)
                default: files.append(entry.id)
                }
            }
        }
        for file in files {
            guard try !contains(file, repository), try !isBrought(file) else { continue }
            tree.lack = file
            break
        }
        return tree
    }

    private mutating func presence(
        of id: ObjectID, _ repository: borrowing Repository, _ isBrought: Brought
    ) throws(GitError) -> Presence {
        if try contains(id, repository), let kind = try repository.objects.header(id)?.kind { return .stored(kind) }
        return try isBrought(id) ? .brought : .missing
    }

    /// Whether the store holds an object, also one that has come since the repository was opened.
    private mutating func contains(
        _ id: ObjectID, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        if try repository.objects.contains(id) { return true }
        if isRefreshed { return false }
        isRefreshed = true
        repository.objects.refresh()
        return try repository.objects.contains(id)
    }
}
