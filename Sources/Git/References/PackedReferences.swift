import Glibc

/// The content of `packed-refs`: every ref that has no file of its own (gitrepository-layout(5)).
struct PackedReferences: Sendable {
    /// Sorted by name.
    private(set) var entries: [Reference] = []
    /// Whether a missing peeled line means that there is nothing to peel.
    private(set) var isFullyPeeled = true

    /// What a name is to have.
    struct Change {
        let name: String
        /// `nil`: it goes.
        var reference: Reference?
    }

    init() {}

    /// Reads the file. Lines that make no sense, and names that are not UTF-8, are passed over.
    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { read($0) }
        if !bytes.starts(with: "#".utf8), !entries.isEmpty { isFullyPeeled = false }
        let isSorted = zip(entries, entries.dropFirst()).allSatisfy { $0.name.precedesInBytes($1.name) }
        if !isSorted { entries.sort { $0.name.precedesInBytes($1.name) } }
    }

    subscript(name: String) -> Reference? {
        let index = position(of: name)
        guard index < entries.count, entries[index].name == name else { return nil }
        return entries[index]
    }

    /// The names that begin with `prefix`.
    func names(below prefix: String) -> some Sequence<String> {
        entries[position(of: prefix)...].lazy.map(\.name).prefix { $0.utf8.starts(with: prefix.utf8) }
    }

    /// Gives names new values, or none; each name comes once.
    mutating func apply(_ changes: [Change]) {
        guard !changes.isEmpty else { return }
        let isSorted = zip(changes, changes.dropFirst()).allSatisfy { $0.name.precedesInBytes($1.name) }
        let changes = isSorted ? changes : changes.sorted { $0.name.precedesInBytes($1.name) }
        var changed: [Reference] = []
        changed.reserveCapacity(entries.count + changes.count)
        var next = 0
        for entry in entries {
            while next < changes.count, changes[next].name.precedesInBytes(entry.name) {
                if let added = changes[next].reference { changed.append(added) }
                next += 1
            }
            guard next < changes.count, changes[next].name == entry.name else {
                changed.append(entry)
                continue
            }
            if let replaced = changes[next].reference { changed.append(replaced) }
            next += 1
        }
        changed += changes[next...].lazy.compactMap(\.reference)
        entries = changed
    }

    /// The file's bytes, all refs peeled; `peel` says what a ref comes to that was not peeled before.
    func serialized(peel: (ObjectID) throws(GitError) -> ObjectID?) throws(GitError) -> [UInt8] {
        var bytes = Array("# pack-refs with: peeled fully-peeled sorted \n".utf8)
        bytes.reserveCapacity(bytes.count + entries.reduce(0) { $0 + $1.name.utf8.count + 84 })
        for entry in entries {
            entry.id.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: entry.name.utf8)
            bytes.append(UInt8(ascii: "\n"))
            var peeled = entry.peeled
            if peeled == nil, !isFullyPeeled { peeled = try peel(entry.id) }
            guard let peeled else { continue }
            bytes.append(UInt8(ascii: "^"))
            peeled.append(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The first entry whose name is not before `name`.
    private func position(of name: String) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name.precedesInBytes(name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) {
        entries.reserveCapacity(bytes.count / 64)
        var start = 0
        while start < bytes.count {
            var end = bytes.count
            if let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, bytes.count - start) {
                end = UnsafeRawPointer(found) - base
            }
            readLine(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end + 1
        }
    }

    private mutating func readLine(_ line: UnsafeRawBufferPointer) {
        switch line.first {
        case nil: break
        case UInt8(ascii: "#"):
            isFullyPeeled = String(decoding: line, as: UTF8.self).contains("fully-peeled")
        case UInt8(ascii: "^"):
            guard let last = entries.popLast() else { return }
            let peeled = line.count >= 41 ? ObjectID(hexDigits: line, at: 1) : nil
            entries.append(Reference(name: last.name, id: last.id, peeled: peeled))
        default:
            guard line.count > 41, let id = ObjectID(hexDigits: line, at: 0),
                let name = String(validating: UnsafeRawBufferPointer(rebasing: line[41...]), as: UTF8.self)
            else { return }
            entries.append(Reference(name: name, id: id, peeled: nil))
        }
    }
}
