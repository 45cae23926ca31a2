/// What is known of a pack's objects: their entries, what they refer to, and that each by itself is sound.
final class ReceivedObjects {
    let limits: ReceiveLimits
    private let bounds: ProcessBounds?
    let deadline: ContinuousClock.Instant
    /// How many entries the client's pack has; bases that complete it come after them.
    let count: Int
    var entries: [PackEntry] = []
    let table: ObjectTable
    private(set) var shape = TreeShape()
    /// Objects that are to be looked at as files that git reads.
    private(set) var special: [Int] = []
    /// Bytes that may still be made.
    private var budget: Int
    /// Bytes that may still be made once more.
    private var workBudget: Int
    private var folders = 0
    private var ticks = 0
    private var isRefreshed = false
    private var accepted = 0
    private let progress: PackProgress?

    init(
        count: Int, packBytes: Int, limits: ReceiveLimits, bounds: ProcessBounds?, progress: PackProgress? = nil
    ) {
        self.count = count
        self.progress = progress
        self.limits = limits
        self.bounds = bounds
        deadline = .now + .seconds(limits.indexSeconds)
        budget = limits.inflatedBytes(packBytes: packBytes)
        workBudget = 4 * min(budget, 1 << 60)
        table = ObjectTable(expected: count)
        // An entry has at least 9 bytes, so a false count reserves no more than the pack could fill.
        entries.reserveCapacity(min(count, packBytes / 9))
        progress?.advance(to: 0, of: count)
    }

    /// Looks at the clock now and then. To be called for each object.
    func tick() throws(GitError) {
        ticks &+= 1
        if ticks & 63 == 0 { try checkTime() }
    }

    /// Refuses when time is up.
    func checkTime() throws(GitError) {
        guard ContinuousClock.now > deadline else { return }
        throw Self.tooLarge("indexing the pack takes longer than \(limits.indexSeconds) seconds")
    }

    /// Whether it is worth to look for an object once more: another push, or an outside git that repacks, may have moved
    /// packs since the store was opened. Once a pack: looking costs a reading of the folder.
    func refreshOnce(_ store: borrowing ObjectDatabase) -> Bool {
        guard !isRefreshed else { return false }
        isRefreshed = true
        store.refresh()
        return true
    }

    /// Counts bytes that an object will come to, before they are made.
    func spend(_ bytes: Int) throws(GitError) {
        budget -= bytes
        guard budget >= 0 else {
            throw Self.tooLarge(
                "the objects of the pack come to too many bytes; at most \(limits.inflatedBytes >> 20) MiB and 2000 times the pack are taken"
            )
        }
    }

    /// Counts bytes that are made once more, because they could not be kept.
    func spendAgain(_ bytes: Int) throws(GitError) {
        workBudget -= bytes
        guard workBudget >= 0 else {
            throw Self.tooLarge("the deltas of the pack cost too much to resolve")
        }
    }

    /// Refuses an object by what it says of its size.
    func checkSize(_ size: Int, kind: ObjectKind?) throws(GitError) {
        let limit = kind == nil || kind == .blob ? limits.objectBytes : min(limits.metadataBytes, limits.objectBytes)
        guard size <= limit else {
            let what = kind.map(\.rawValue) ?? "object"
            throw Self.tooLarge("the pack has a \(what) of \(size) bytes, which is larger than \(limit >> 20) MiB")
        }
        try checkBounds(size)
    }

    /// Ends the reading when an object is too large to be read here.
    func checkBounds(_ size: Int) throws(GitError) { try ProcessBounds.check(size, bounds?.objectBytes) }

    /// Takes an object whose name is known: checks what it says by itself and notes what it refers to.
    /// - Parameter bytes: its content; `nil` for a blob that nobody keeps in memory.
    func accept(
        _ entry: UInt32, _ kind: ObjectKind, _ id: ObjectID, _ bytes: UnsafeRawBufferPointer?
    ) throws(GitError) {
        let record = table.index(of: id)
        let known = table.records[record].entry
        guard known == ObjectTable.noEntry || (known >= UInt32(count) && !isBuilt(entry, on: known)) else {
            throw FsckRule.duplicateObject.refusal(kind.rawValue, id, "it is in the pack twice")
        }
        table.place(record, entry: entry, kind: kind)
        entries[Int(entry)].id = id
        entries[Int(entry)].kind = kind
        accepted += 1
        progress?.advance(to: accepted, of: count)
        guard let bytes else { return }
        switch kind {
        case .blob: break
        case .tree: try acceptTree(bytes, id, record)
        case .commit:
            try HeaderRules.checkCommit(bytes, id: id) { (id, kind) throws(GitError) in
                try refer(to: id, as: ObjectTable.Uses(kind))
            }
        case .tag:
            try HeaderRules.checkTag(bytes, id: id) { (id, kind) throws(GitError) in
                try refer(to: id, as: [ObjectTable.Uses(kind), .exactly])
            }
        }
    }

    private func acceptTree(_ bytes: UnsafeRawBufferPointer, _ id: ObjectID, _ record: Int) throws(GitError) {
        shape.begin(record)
        try TreeRules.check(bytes, id: id) { (entry) throws(GitError) in
            let isModules = SpecialNames.means(.modules, entry.name)
            if isModules, entry.kind == .folder || entry.kind == .submodule {
                throw FsckRule.gitmodulesBlob.refusal("tree", id, "its .gitmodules is no file")
            }
            // A submodule's commit lies in another repository.
            guard entry.kind != .submodule else { return shape.add(file: entry.name.count) }
            guard entry.kind == .folder else {
                shape.add(file: entry.name.count)
                var uses = ObjectTable.Uses.blob
                if isModules { uses.insert(.modules) }
                if entry.kind != .symlink, SpecialNames.means(.attributes, entry.name) { uses.insert(.attributes) }
                try refer(to: entry.id, as: uses)
                return
            }
            folders += 1
            try ProcessBounds.check(folders, bounds?.folders)
            try shape.add(folder: refer(to: entry.id, as: .tree), name: entry.name.count)
        }
    }

    @discardableResult
    private func refer(to id: ObjectID, as uses: ObjectTable.Uses) throws(GitError) -> Int {
        let index = table.index(of: id)
        let before = table.records[index].uses
        if before.isSuperset(of: uses) { return index }
        guard table.records.count <= count + limits.outsideObjects else {
            throw Self.tooLarge("the pack names more than \(limits.outsideObjects) objects that it does not hold")
        }
        try ProcessBounds.check(table.records.count, bounds.map { 2 * $0.objects })
        if !uses.isDisjoint(with: [.modules, .attributes]), before.isDisjoint(with: [.modules, .attributes]) {
            special.append(index)
        }
        table.use(index, as: uses)
        return index
    }

    /// Whether a base that completes the pack lies below the entry, so that it cannot give way to it.
    private func isBuilt(_ entry: UInt32, on base: UInt32) -> Bool {
        var current = entry
        while current != PackEntry.none {
            if current == base { return true }
            current = entries[Int(current)].base
        }
        return false
    }

    static func tooLarge(_ message: String) -> GitError { GitError(.tooLarge, message, operation: "index") }
}
