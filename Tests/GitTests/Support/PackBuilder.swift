@testable import Git

/// Builds packs entry by entry, also ones that no client would send.
struct PackBuilder {
    private(set) var body: [UInt8] = []
    private(set) var offsets: [Int] = []

    /// Where the next entry begins.
    var end: Int { PackHeader.byteCount + body.count }

    /// Adds a whole object and returns its name.
    @discardableResult
    mutating func add(_ kind: ObjectKind, _ content: [UInt8]) throws -> ObjectID {
        try add(header: PackEntryHeader.encode(.object(kind), size: content.count), content)
        return try Self.name(kind, content)
    }

    @discardableResult
    mutating func add(_ kind: ObjectKind, _ text: String) throws -> ObjectID { try add(kind, Array(text.utf8)) }

    /// Adds a delta on the entry with that index, counted from 0.
    mutating func add(_ delta: [UInt8], onEntry index: Int) throws {
        let distance = end - offsets[index]
        try add(header: PackEntryHeader.encode(.offsetDelta(distance: distance), size: delta.count), delta)
    }

    /// Adds a delta on a named object.
    mutating func add(_ delta: [UInt8], on base: ObjectID) throws {
        try add(header: PackEntryHeader.encode(.referenceDelta(base: base), size: delta.count), delta)
    }

    /// Adds an entry whose header may say anything of what follows.
    mutating func add(header: [UInt8], _ content: [UInt8]) throws {
        offsets.append(end)
        body += header
        body += try deflated(content)
    }

    /// Adds an entry by its bytes.
    mutating func add(raw bytes: [UInt8]) {
        offsets.append(end)
        body += bytes
    }

    /// The pack, with a count of its own when that is to be wrong.
    func pack(count: Int? = nil) -> [UInt8] {
        Self.sealed(PackHeader.encode(count: count ?? offsets.count) + body)
    }

    /// Adds the trailer that belongs to the bytes.
    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var sum = PlainSHA1()
        sum.update(bytes)
        var sealed = bytes
        sum.finish().appendBytes(to: &sealed)
        return sealed
    }

    static func name(_ kind: ObjectKind, _ content: [UInt8]) throws -> ObjectID {
        try content.withUnsafeBytes { try ObjectHasher.hash($0, kind) }
    }

    /// A delta that copies ranges of the base and inserts bytes.
    static func delta(base: Int, result: Int? = nil, _ steps: [DeltaStep]) -> [UInt8] {
        let size = steps.reduce(0) { $0 + $1.size }
        return number(base) + number(result ?? size) + steps.flatMap(\.bytes)
    }

    /// Seven bits a byte, the lowest first.
    static func number(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        repeat {
            bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }

    /// A tree of entries as they are given.
    static func tree(_ entries: [(mode: String, name: String, id: ObjectID)]) -> [UInt8] {
        entries.flatMap { entry in
            var bytes = Array("\(entry.mode) \(entry.name)\0".utf8)
            entry.id.appendBytes(to: &bytes)
            return bytes
        }
    }

    static let person = "T <t@example.com> 1700000000 +0000"

    static func commit(_ tree: ObjectID, parents: [ObjectID] = [], message: String = "x") -> String {
        "tree \(tree)\n" + parents.map { "parent \($0)\n" }.joined()
            + "author \(person)\ncommitter \(person)\n\n\(message)\n"
    }
}

/// One instruction of a delta.
enum DeltaStep {
    case copy(Int, Int)
    case insert([UInt8])

    var size: Int {
        switch self {
        case .copy(_, let count): count
        case .insert(let bytes): bytes.count
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .insert(let bytes): [UInt8(bytes.count)] + bytes
        case .copy(let offset, let count):
            [0xff] + (0..<4).map { UInt8(truncatingIfNeeded: offset >> (8 * $0)) }
                + (0..<3).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        }
    }
}
