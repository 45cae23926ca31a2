/// The objects of a pack that is to be sent: commits first, then what their trees hold and the client lacks.
struct PackSelection {
    private enum Mark {
        /// Goes into the pack.
        case sent
        /// The client has it.
        case known
    }

    /// In the order in which they were found.
    private(set) var objects: [ObjectID] = []
    private var marks: [ObjectID: Mark] = [:]
    /// The least depth at which a tree was walked, where that matters.
    private var walked: [ObjectID: Int] = [:]
    private let depthLimit: Int
    private let filter: ObjectFilter?
    private let isThin: Bool
    private var meter: WorkMeter

    /// Throws when something that is reached cannot be read.
    init(
        _ request: PackRequest, history: inout History, repository: borrowing Repository
    ) throws(GitError) {
        filter = request.filter
        depthLimit = request.filter?.depthLimit ?? .max
        // A client that does without objects may lack those that it should have by its history.
        isThin = request.isThin && request.filter == nil
        meter = WorkMeter(request.limit)
        try select(request, history: &history, repository: repository)
    }

    /// Just these objects.
    init(all objects: [ObjectID]) {
        self.objects = objects
        filter = nil
        depthLimit = .max
        isThin = false
        meter = WorkMeter(.none)
        marks.reserveCapacity(objects.count)
        for id in objects { marks[id] = .sent }
    }

    func isSent(_ id: ObjectID) -> Bool { marks[id] == .sent }
    /// Whether a delta may build on the object although it is not sent.
    func isKnown(_ id: ObjectID) -> Bool { isThin && marks[id] == .known }

    /// Of a client whose history does not meet what it wants, so many commits' trees are compared.
    private static let comparedHaves = 8

    private mutating func select(
        _ request: PackRequest, history: inout History, repository: borrowing Repository
    ) throws(GitError) {
        var commits: [ObjectID] = []
        var others: [ObjectID] = []
        for want in request.wants {
            let end = try addTags(want, repository)
            if try repository.objects.header(end)?.kind == .commit { commits.append(end) } else { others.append(end) }
        }
        // What was the end of the client's history gets its parents now, though the commit itself is there.
        for id in request.boundary?.removed ?? [] { commits += try history.commit(id, in: repository).parents }
        var haves: [ObjectID] = []
        for have in request.haves {
            if let id = try history.commitID(have, in: repository) { haves.append(id) }
        }
        let cut = request.boundary?.commits ?? request.clientShallow
        let selected = try history.difference(
            wants: commits, haves: haves, cut: cut, haveCut: request.clientShallow, in: repository)
        let sent = Set(selected.commits)
        for id in selected.commits { add(id) }
        // A commit's tree is compared with its parents', whose objects are marked by then.
        for id in try Self.parentsFirst(selected.commits, sent, cut, &history, repository) {
            let commit = try history.commit(id, in: repository)
            var old: [ObjectID] = []
            // Without haves every mark is "sent", and the marks alone tell what is new.
            if !haves.isEmpty, !cut.contains(id) {
                for parent in commit.parents where selected.edges.contains(parent) || isComparable(parent, sent) {
                    old.append(try history.commit(parent, in: repository).tree)
                }
            }
            if old.isEmpty {
                for have in haves.prefix(Self.comparedHaves) {
                    old.append(try history.commit(have, in: repository).tree)
                }
            }
            try addTree(commit.tree, against: old, repository)
        }
        for id in others {
            if try repository.objects.header(id)?.kind == .tree {
                // Asked for by name, so no filter keeps it back; what it holds is another matter.
                add(id)
                try addTree(id, against: [], repository)
            } else {
                add(id)
            }
        }
        for tag in request.tags {
            guard let peeled = tag.peeled, sent.contains(peeled) || others.contains(peeled) else { continue }
            _ = try addTags(tag.id, repository)
        }
    }

    /// The commits so that each comes after those of its parents that are among them. Times are no guide: they are what
    /// the committers' clocks said.
    private static func parentsFirst(
        _ commits: [ObjectID], _ sent: Set<ObjectID>, _ cut: Set<ObjectID>, _ history: inout History,
        _ repository: borrowing Repository
    ) throws(GitError) -> [ObjectID] {
        var ordered: [ObjectID] = []
        ordered.reserveCapacity(commits.count)
        var done: Set<ObjectID> = []
        var stack: [(id: ObjectID, areParentsDone: Bool)] = []
        for start in commits.reversed() {
            stack.append((start, false))
            while let (id, areParentsDone) = stack.popLast() {
                if areParentsDone {
                    ordered.append(id)
                } else if done.insert(id).inserted {
                    stack.append((id, true))
                    guard !cut.contains(id) else { continue }
                    for parent in try history.commit(id, in: repository).parents
                    where sent.contains(parent) && !done.contains(parent) { stack.append((parent, false)) }
                }
            }
        }
        return ordered
    }

    /// Whether all that a commit's tree holds goes into the pack, in every depth.
    private func isComparable(_ parent: ObjectID, _ sent: Set<ObjectID>) -> Bool {
        depthLimit == .max && sent.contains(parent)
    }

    private mutating func add(_ id: ObjectID) {
        // Wanted by name or by a path: the mark "known" comes of a comparison and may be of another want.
        guard marks[id] != .sent else { return }
        marks[id] = .sent
        objects.append(id)
    }

    /// Adds a chain of annotated tags and returns what it ends in.
    private mutating func addTags(_ id: ObjectID, _ repository: borrowing Repository) throws(GitError) -> ObjectID {
        var id = id
        while try repository.objects.header(id)?.kind == .tag {
            let current = id
            add(current)
            id = try repository.objects.read(current, as: .tag) { (bytes) throws(GitError) in
                try TagObject(bytes, id: current).target
            }
        }
        return id
    }

    // MARK: - Trees

    private struct Folder {
        let id: ObjectID
        /// Trees at the same path whose objects the client has or gets.
        let old: [ObjectID]
        let depth: Int
    }

    /// Adds a commit's tree and what it holds, as far as it differs from the trees in `old`.
    private mutating func addTree(
        _ root: ObjectID, against old: [ObjectID], _ repository: borrowing Repository
    ) throws(GitError) {
        var folders: [Folder] = []
        try visit(Folder(id: root, old: old, depth: 0), isFolder: true, to: &folders, repository)
        while let folder = folders.popLast() {
            try meter.tick(repository)
            let before = try entries(of: folder.old, repository)
            var found: [(id: ObjectID, old: [ObjectID], isFolder: Bool)] = []
            let marks = marks
            try repository.objects.read(folder.id, as: .tree) { (bytes) throws(GitError) in
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    guard entry.kind != .submodule, !before.ids.contains(entry.id) else { continue }
                    let isFolder = entry.kind == .folder
                    if !isFolder, marks[entry.id] != nil { continue }
                    let old = before.folders.isEmpty ? [] : before.folders[Array(entry.name)] ?? []
                    found.append((entry.id, old, isFolder))
                }
            }
            for entry in found {
                try visit(
                    Folder(id: entry.id, old: entry.old, depth: folder.depth + 1), isFolder: entry.isFolder,
                    to: &folders, repository)
            }
        }
    }

    private mutating func visit(
        _ item: Folder, isFolder: Bool, to folders: inout [Folder], _ repository: borrowing Repository
    ) throws(GitError) {
        guard !item.old.contains(item.id) else { return }
        let mark = marks[item.id]
        if mark == .known { return }
        if mark == nil, try lets(item.id, isFolder: isFolder, depth: item.depth, filter, repository) { add(item.id) }
        guard isFolder, item.depth + 1 < depthLimit else { return }
        // The same tree at a lesser depth shows more of what is below.
        let depth = depthLimit == .max ? 0 : item.depth
        if let walked = walked[item.id], walked <= depth { return }
        walked[item.id] = depth
        folders.append(item)
    }

    /// What the trees hold directly; it is marked as known unless it is sent.
    private mutating func entries(
        of trees: [ObjectID], _ repository: borrowing Repository
    ) throws(GitError) -> (ids: Set<ObjectID>, folders: [[UInt8]: [ObjectID]]) {
        var ids: Set<ObjectID> = []
        var folders: [[UInt8]: [ObjectID]] = [:]
        for tree in trees {
            try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    guard entry.kind != .submodule else { continue }
                    ids.insert(entry.id)
                    if entry.kind == .folder { folders[Array(entry.name), default: []].append(entry.id) }
                }
            }
        }
        for id in ids where marks[id] == nil { marks[id] = .known }
        return (ids, folders)
    }

    // MARK: - Filter

    private func lets(
        _ id: ObjectID, isFolder: Bool, depth: Int, _ filter: ObjectFilter?, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        switch filter {
        case nil: return true
        case .blobNone: return isFolder
        case .blobLimit(let limit):
            if isFolder { return true }
            return try (repository.objects.header(id)?.size ?? 0) < limit
        case .treeDepth(let limit): return depth < limit
        case .combine(let filters):
            for filter in filters where try !lets(id, isFolder: isFolder, depth: depth, filter, repository) {
                return false
            }
            return true
        }
    }
}

extension ObjectFilter {
    /// Nothing so many levels below a commit's tree, or more, passes.
    fileprivate var depthLimit: Int {
        switch self {
        case .treeDepth(let limit): limit
        case .combine(let filters): filters.map(\.depthLimit).min() ?? .max
        case .blobNone, .blobLimit: .max
        }
    }
}
