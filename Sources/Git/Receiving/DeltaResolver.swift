/// Makes objects of deltas: at once where the base is at hand, later where it comes after the delta, lies far back or is
/// left out of the pack. Nothing here recurses: chains and trees of deltas are as deep as a client likes.
struct DeltaResolver: ~Copyable {
    /// Bytes of contents that are kept because deltas may build on them.
    static let contentBudget = 24 << 20
    /// Bytes of deltas that are kept instead of inflated again.
    private static let deltaBudget = 16 << 20

    private let storage: PackStorage
    private let objects: ReceivedObjects
    private let limits: ReceiveLimits
    private var inflater: ZlibInflater
    private var contents = ContentCache(budget: contentBudget)
    private var deltas: [UInt32: ObjectBytes] = [:]
    private var deltaBytes = 0
    private var waitingForEntry: [(base: UInt32, delta: UInt32)] = []
    private var waitingForName: [(base: ObjectID, delta: UInt32)] = []

    init(storage: PackStorage, objects: ReceivedObjects) throws(GitError) {
        self.storage = storage
        self.objects = objects
        limits = objects.limits
        inflater = try ZlibInflater()
    }

    // MARK: While the pack is read

    /// Keeps a whole object for a while.
    mutating func keep(_ content: ObjectBytes, of entry: UInt32) { contents.insert(content, for: entry) }

    /// Takes the delta of `entry` on an entry before it.
    mutating func add(_ delta: ObjectBytes, of entry: UInt32, on base: UInt32) throws(GitError) {
        if objects.entries[Int(base)].kind != nil, let content = contents.content(of: base) {
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
            let missing = waitingForName.first { objects.table.find($0.base) == nil && !store.contains($0.base) }
            throw PackHeader.damaged(
                missing.map { "object \($0.base), the base of a delta, is missing" }
                    ?? "deltas in it are built on themselves")
        }
        contents.removeAll()
        deltas = [:]
    }

    private func end(ofName start: Int) -> Int {
        var end = start + 1
        while end < waitingForName.count, waitingForName[end].base == waitingForName[start].base { end += 1 }
        return end
    }

    /// Adds a base that the pack leaves out.
    private mutating func fetch(_ base: ObjectID, _ store: borrowing ObjectDatabase) throws(GitError) {
        guard let header = try store.header(base) else {
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
            let content = try content(of: base, store)
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
        let result = try apply(delta, to: content, kind: kind)
        let id = try result.withBytes { (bytes) throws(GitError) in try ObjectHasher.hash(bytes, kind) }
        try result.withBytes { (bytes) throws(GitError) in try objects.accept(entry, kind, id, bytes) }
        contents.insert(result, for: entry)
    }

    private func apply(
        _ delta: ObjectBytes, to base: ObjectBytes, kind: ObjectKind?
    ) throws(GitError) -> ObjectBytes {
        try delta.withBytes { (bytes) throws(GitError) in
            let delta = try Delta(bytes)
            try objects.checkSize(delta.resultSize, kind: kind)
            try delta.check(base: base.count)
            let result = ObjectBytes(count: delta.resultSize)
            try base.withBytes { (base) throws(GitError) in
                try result.withMutableBytes { (result) throws(GitError) in try delta.apply(to: base, into: result) }
            }
            return result
        }
    }

    // MARK: Contents

    /// The content of an entry that is resolved; made again when it was dropped.
    mutating func content(of entry: UInt32, _ store: borrowing ObjectDatabase) throws(GitError) -> ObjectBytes {
        var chain: [UInt32] = []
        var current = entry
        var found = contents.content(of: current)
        while found == nil, objects.entries[Int(current)].isDelta {
            chain.append(current)
            current = objects.entries[Int(current)].base
            found = contents.content(of: current)
        }
        var content: ObjectBytes
        if let found {
            content = found
        } else {
            content = try whole(current, store)
            contents.insert(content, for: current)
        }
        for step in chain.reversed() {
            try objects.tick()
            content = try apply(delta(of: step), to: content, kind: nil)
            try objects.spendAgain(content.count)
            contents.insert(content, for: step)
        }
        return content
    }

    /// Bytes of an entry's content, read from its header or its delta's.
    mutating func size(of entry: UInt32) throws(GitError) -> Int {
        let offset = objects.entries[Int(entry)].offset
        let header = try storage.withBytes(at: offset, limit: PackEntryHeader.maximumByteCount) {
            (bytes) throws(GitError) in try PackEntryHeader(bytes)
        }
        guard let header else { throw ZlibInflater.wrongSize }
        guard objects.entries[Int(entry)].isDelta else { return header.size }
        return try inflate(entry).withBytes { (bytes) throws(GitError) in try Delta(bytes).resultSize }
    }

    /// Whether an entry's content is `bytes`, of which it has the size. A whole object is compared piece by piece.
    mutating func equals(
        _ entry: UInt32, _ bytes: UnsafeRawBufferPointer, _ store: borrowing ObjectDatabase
    ) throws(GitError) -> Bool {
        try objects.spendAgain(bytes.count)
        if objects.entries[Int(entry)].isDelta {
            return try content(of: entry, store).withBytes { (content) throws(GitError) in
                content.count == bytes.count && content.elementsEqual(bytes)
            }
        }
        let start = objects.entries[Int(entry)].offset + Int(objects.entries[Int(entry)].headerSize)
        let window = ObjectBytes(count: min(bytes.count, 1 << 16))
        var position = start
        var produced = 0
        inflater.reset()
        while produced < bytes.count {
            let step = try storage.withBytes(at: position, limit: 1 << 17) { (input) throws(GitError) in
                try window.withMutableBytes { (output) throws(GitError) in try inflater.step(input, into: output) }
            }
            guard step.produced > 0 || step.consumed > 0, step.produced <= bytes.count - produced else { return false }
            let isSame = try window.withBytes { (window) throws(GitError) in
                window.prefix(step.produced).elementsEqual(bytes[produced..<produced + step.produced])
            }
            guard isSame else { return false }
            position += step.consumed
            produced += step.produced
        }
        return true
    }

    private mutating func whole(_ entry: UInt32, _ store: borrowing ObjectDatabase) throws(GitError) -> ObjectBytes {
        if entry >= UInt32(objects.count) {
            return try store.read(objects.entries[Int(entry)].id) { (_, bytes) throws(GitError) in
                ObjectBytes(copying: bytes)
            }
        }
        let content = try inflate(entry)
        try objects.spendAgain(content.count)
        return content
    }

    private mutating func delta(of entry: UInt32) throws(GitError) -> ObjectBytes {
        if let kept = deltas.removeValue(forKey: entry) {
            deltaBytes -= kept.count + 128
            return kept
        }
        return try inflate(entry)
    }

    /// Inflates what an entry holds, once more: it was found sound when the pack was read.
    private mutating func inflate(_ entry: UInt32) throws(GitError) -> ObjectBytes {
        let offset = objects.entries[Int(entry)].offset
        let header = try storage.withBytes(at: offset, limit: PackEntryHeader.maximumByteCount) {
            (bytes) throws(GitError) in try PackEntryHeader(bytes)
        }
        guard let header else { throw ZlibInflater.wrongSize }
        let content = ObjectBytes(count: header.size)
        try inflate(at: offset + header.byteCount, into: content)
        return content
    }

    private mutating func inflate(at start: Int, into content: ObjectBytes) throws(GitError) {
        inflater.reset()
        var position = start
        var produced = 0
        while true {
            let step = try storage.withBytes(at: position, limit: 1 << 17) { (input) throws(GitError) in
                try content.withMutableBytes { (output) throws(GitError) in
                    try inflater.step(input, into: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
                }
            }
            position += step.consumed
            produced += step.produced
            if step.isFinished { break }
            guard step.consumed > 0 || step.produced > 0 else { throw ZlibInflater.wrongSize }
        }
        guard produced == content.count else { throw ZlibInflater.wrongSize }
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
