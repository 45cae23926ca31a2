/// The content of `packed-refs`: every ref that has no file of its own (gitrepository-layout(5)).
struct PackedReferences {
    struct Entry {
        var id: ObjectID
        /// What an annotated tag comes to in the end; `nil` when the ref points to no tag.
        var peeled: ObjectID?
    }

    private(set) var entries: [String: Entry] = [:]
    /// Whether a missing peeled line means that there is nothing to peel.
    private(set) var isFullyPeeled = true

    init() {}

    init(_ bytes: [UInt8]) {
        var last: String?
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            switch line.first {
            case UInt8(ascii: "#"):
                isFullyPeeled = String(decoding: line, as: UTF8.self).contains("fully-peeled")
            case UInt8(ascii: "^"):
                if let last, let id = ObjectID(hex: line.dropFirst()) { entries[last]?.peeled = id }
            default:
                last = nil
                guard line.count > 41, let id = ObjectID(hex: line.prefix(40)),
                    let name = String(validating: line.dropFirst(41), as: UTF8.self)
                else { continue }
                entries[name] = Entry(id: id, peeled: nil)
                last = name
            }
        }
        if !bytes.starts(with: "#".utf8), !entries.isEmpty { isFullyPeeled = false }
    }

    mutating func set(_ name: String, _ entry: Entry) { entries[name] = entry }
    mutating func remove(_ name: String) { entries[name] = nil }

    /// The file's bytes, all refs peeled; `peel` says what a ref comes to that was not peeled before.
    func serialized(peel: (ObjectID) throws(GitError) -> ObjectID?) throws(GitError) -> [UInt8] {
        var text = "# pack-refs with: peeled fully-peeled sorted \n"
        for (name, entry) in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            text += "\(entry.id) \(name)\n"
            var peeled = entry.peeled
            if peeled == nil, !isFullyPeeled { peeled = try peel(entry.id) }
            if let peeled { text += "^\(peeled)\n" }
        }
        return Array(text.utf8)
    }
}
