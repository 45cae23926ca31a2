/// Every object that the pack holds or names, once: of what kind it is, and as what it is used.
final class ObjectTable {
    struct Record {
        let id: ObjectID
        /// The entry of the pack that is this object; `noEntry` when it was only named so far.
        var entry: UInt32 = ObjectTable.noEntry
        /// What the entry is.
        var kind: ObjectKind?
        /// As what others use it.
        var uses: Uses = []
    }

    /// As what an object is used by those that name it.
    struct Uses: OptionSet {
        let rawValue: UInt8
        static let commit = Uses(rawValue: 1)
        static let tree = Uses(rawValue: 2)
        static let blob = Uses(rawValue: 4)
        static let tag = Uses(rawValue: 8)
        /// As the file `.gitmodules` of some tree.
        static let modules = Uses(rawValue: 16)
        /// As the file `.gitattributes` of some tree.
        static let attributes = Uses(rawValue: 32)
        /// So that its kind must be known, also when it is one that is not read from the store elsewhere.
        static let exactly = Uses(rawValue: 64)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ kind: ObjectKind) {
            switch kind {
            case .commit: self = .commit
            case .tree: self = .tree
            case .blob: self = .blob
            case .tag: self = .tag
            }
        }
    }

    static let noEntry = UInt32.max

    private(set) var records: [Record] = []
    /// One more than a record's index, 0 where there is none.
    private var slots: UnsafeMutableBufferPointer<UInt32>
    private let seed = UInt64.random(in: 0...UInt64.max)

    init(expected: Int) {
        slots = .allocate(capacity: 256)
        slots.initialize(repeating: 0)
        records.reserveCapacity(min(expected, 1 << 16))
    }

    deinit { slots.deallocate() }

    /// The record of an object that is in the table.
    func find(_ id: ObjectID) -> Int? {
        let value = slots[slot(of: id)]
        return value == 0 ? nil : Int(value) - 1
    }

    /// The record of an object, made when it is new.
    func index(of id: ObjectID) -> Int {
        let position = slot(of: id)
        let value = slots[position]
        if value != 0 { return Int(value) - 1 }
        records.append(Record(id: id))
        slots[position] = UInt32(records.count)
        if records.count * 2 > slots.count { grow() }
        return records.count - 1
    }

    func use(_ index: Int, as uses: Uses) { records[index].uses.formUnion(uses) }

    func place(_ index: Int, entry: UInt32, kind: ObjectKind) {
        records[index].entry = entry
        records[index].kind = kind
    }

    private func slot(of id: ObjectID) -> Int {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: id.hash(seed: seed)) & mask
        while slots[position] != 0, records[Int(slots[position]) - 1].id != id { position = (position + 1) & mask }
        return position
    }

    private func grow() {
        let count = slots.count * 2
        slots.deallocate()
        slots = .allocate(capacity: count)
        slots.initialize(repeating: 0)
        for index in records.indices { slots[slot(of: records[index].id)] = UInt32(index + 1) }
    }
}
