/// Makes objects of deltas: at once where the base is at hand, later where it comes after the delta, lies far back or is
/// left out of the pack. Nothing here recurses: chains and trees of deltas are as deep as a client likes.
struct DeltaResolver: ~Copyable {
    /// Bytes of deltas that are kept instead of inflated again.
    private static let deltaBudget = 16 << 20

    private let objects: ReceivedObjects
    private let limits: ReceiveLimits
    var contents: ObjectContents
    private var deltas: [UInt32: ObjectBytes] = [:]
    private var deltaBytes = 0
    private var waitingForEntry: [(base: UInt32, delta: UInt32)] = []
    private var waitingForName: [(base: ObjectID, delta: UInt32)] = []

    init(storage: PackStorage, objects: ReceivedObjects) throws(GitError) {
        self.objects = objects
        limits = objects.limits
        contents = try ObjectContents(storage: storage, objects: objects)
    }

    // MARK: While the pack is read

    /// Keeps a whole object for a while.
    mutating func keep(_ content: ObjectBytes, of entry: UInt32) { contents.keep(content, of: entry) }

    /// Takes the delta of `entry` on an entry before it.
    mutating func add(_ delta: ObjectBytes, of entry: UInt32, on base: UInt32) throws(GitError) {
        if objects.entries[Int(base)].kind != nil, let content = contents.kept(base) {
            try resolve(entry, delta, on: base, content)
        } else {
            waitingForEntry.append((base, entry))
            keep(delta: delta, of: entry)
        }
    }

    /// Takes the delta of `entry` on a named object, which may be anywhere.
    mutating func add(_ delta: ObjectBytes, of entry: UInt32, on base: ObjectID) throws(GitError) {
        if let record = objects.table.find(base), objects.table.records[record].kind != nil {
            return try add(delta, of: entry, on: objects.table.records[record].entry)
        }
        waitingForName.append((base, entry))
        keep(delta: delta, of: entry)
    }

    private mutating func keep(delta: ObjectBytes, of entry: UInt32) {
        guard deltaBytes + delta.count + 128 <= Self.deltaBudget else { return }
        deltaBytes += delta.count + 128
        deltas[entry] = delta
    }

    // MARK: Afterwards

    /// Resolves what waits. Bases that are in no entry are looked for in `store` and become entries after the pack's own.
    mutating func finish(_ store: borrowing ObjectDatabase) throws(GitError) {
        guard !waitingForEntry.isEmpty || !waitingForName.isEmpty else { return }
        waitingForEntry.sort { ($0.base, $0.delta) < ($1.base, $1.delta) }
        waitingForName.sort { $0.base != $1.base ? $0.base < $1.base : $0.delta < $1.delta }
        var previous = PackEntry.none
        for index in waitingForEntry.indices where waitingForEntry[index].base != previous {
            previous = waitingForEntry[index].base
            if objects.entries[Int(previous)].kind != nil { try resolveAll(above: previous, store) }
        }
        var position = 0
        while position < waitingForName.count {
            let base = waitingForName[position].base
            if let record = objects.table.find(base), objects.table.records[record].kind != nil {
                try resolveAll(above: objects.table.records[record].entry, store)
            }
            position = end(ofName: position)
        }
        position = 0
        while position < waitingForName.count {
            let (base, delta) = waitingForName[position]
            if objects.entries[Int(delta)].kind == nil { try fetch(base, store) }
            position = end(ofName: position)
        }
        guard objects.entries.allSatisfy({ $0.kind != nil }) else {
            for (base, _) in waitingForName where objects.table.find(base) == nil {
                guard try store.contains(base) else {
                    throw PackHeader.damaged("object \(base), the base of a delta, is missing")
                }
            }
            throw PackHeader.damaged("deltas in it are built on themselves")
        }
        contents.dropAll()
        deltas = [:]
    }

    private func end(ofName start: Int) -> Int {
        var end = start + 1
        while end < waitingForName.count, waitingForName[end].base == waitingForName[start].base { end += 1 }
        return end
    }

    /// Adds a base that the pack leaves out.
    private mutating func fetch(_ base: ObjectID, _ store: borrowing ObjectDatabase) throws(GitError) {
        var header = try store.header(base)
        if header == nil, objects.refreshOnce(store) { header = try store.header(base) }
        guard let header else {
            // It may yet be the result of another delta; if it is not, the deltas above stay without a base.
            return
        }
        guard objects.entries.count - objects.count < limits.thinBases else {
            throw ReceivedObjects.tooLarge(
                "the pack leaves out more than \(limits.thinBases) objects that its deltas need")
        }
        try objects.checkSize(header.size, kind: header.kind)
        try objects.spend(header.size)
        let entry = UInt32(objects.entries.count)
        var added = PackEntry(offset: 0)
        added.id = base
        added.kind = header.kind
        objects.entries.append(added)
        objects.table.place(objects.table.index(of: base), entry: entry, kind: header.kind)
        try resolveAll(above: entry, store)
    }

    /// Resolves all deltas that build on an entry whose content is known, and those that build on them.
    private mutating func resolveAll(above root: UInt32, _ store: borrowing ObjectDatabase) throws(GitError) {
        var stack: [UInt32] = []
        push(above: root, &stack)
        while let entry = stack.popLast() {
            try objects.tick()
            let base = objects.entries[Int(entry)].base
            let content = try contents.content(of: base, store)
            let delta = try delta(of: entry)
            try resolve(entry, delta, on: base, content)
            push(above: entry, &stack)
        }
    }

    /// Adds the deltas that wait for an entry, the first one last, so that it comes next.
    private mutating func push(above base: UInt32, _ stack: inout [UInt32]) {
        var start = waitingForEntry.partitioningIndex { $0.base >= base }
        let first = stack.count
        while start < waitingForEntry.count, waitingForEntry[start].base == base {
            stack.append(waitingForEntry[start].delta)
            start += 1
        }
        let id = objects.entries[Int(base)].id
        start = waitingForName.partitioningIndex { $0.base >= id }
        while start < waitingForName.count, waitingForName[start].base == id {
            stack.append(waitingForName[start].delta)
            start += 1
        }
        stack[first...].reverse()
        // A name can be met twice, when it is that of a base from the store and of an entry too.
        var kept = first
        for index in first..<stack.count where objects.entries[Int(stack[index])].kind == nil {
            stack[kept] = stack[index]
            objects.entries[Int(stack[kept])].base = base
            kept += 1
        }
        stack.removeLast(stack.count - kept)
    }

    private mutating func resolve(
        _ entry: UInt32, _ delta: ObjectBytes, on base: UInt32, _ content: ObjectBytes
    ) throws(GitError) {
        let parent = objects.entries[Int(base)]
        guard let kind = parent.kind else { return }
        guard parent.depth < limits.deltaDepth else {
            throw ReceivedObjects.tooLarge("the pack has more than \(limits.deltaDepth) deltas built on one another")
        }
        objects.entries[Int(entry)].base = base
        objects.entries[Int(entry)].depth = parent.depth + 1
        let result = try contents.apply(delta, to: content, kind: kind)
        let id = try result.withBytes { (bytes) throws(GitError) in try ObjectHasher.hash(bytes, kind) }
        try result.withBytes { (bytes) throws(GitError) in try objects.accept(entry, kind, id, bytes) }
        contents.keep(result, of: entry)
    }

    private mutating func delta(of entry: UInt32) throws(GitError) -> ObjectBytes {
        if let kept = deltas.removeValue(forKey: entry) {
            deltaBytes -= kept.count + 128
            return kept
        }
        return try contents.inflate(entry)
    }
}

extension Array {
    /// The first index whose element fulfils `predicate`, when all after it do so too.
    fileprivate func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
