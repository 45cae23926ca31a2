/// What a tree must be before it is kept or laid out on disk: git-fsck's errors, with the names that any file system
/// would take for `.git`.
package enum TreeRules {
    /// Checks one tree object by itself and lends its entries to `body`.
    package static func check(
        _ bytes: UnsafeRawBufferPointer, id: ObjectID, _ body: (TreeReader.Entry) throws(GitError) -> Void
    ) throws(GitError) {
        var reader = TreeReader(bytes)
        var previous: TreeReader.Entry?
        // Names of files that a folder of the same name could still follow: `a` sorts before `a.b` and that before `a/`.
        var open: [UnsafeRawBufferPointer] = []
        while let entry = try reader.next() {
            guard let kind = entry.kind, !entry.hasPaddedMode else { throw refuse(id, entry, "has a bad mode") }
            guard !entry.id.isZero else { throw refuse(id, entry, "points to nothing") }
            if let fault = fault(name: entry.name) { throw refuse(id, entry, fault) }
            if kind == .symlink, isGitFile(entry.name, "gitmodules", short: "gitmod") {
                throw refuse(id, entry, "is a symbolic link")
            }
            if let previous {
                guard precedes(previous, entry) else { throw refuse(id, entry, "is out of order or there twice") }
                open.removeAll { !starts(entry.name, with: $0) }
                if open.contains(where: { $0.count == entry.name.count }) {
                    throw refuse(id, entry, "is there twice")
                }
            }
            if kind != .folder { open.append(entry.name) }
            previous = entry
            try body(entry)
        }
    }

    /// What is wrong with the name of an entry, `nil` when nothing is.
    package static func fault(name: UnsafeRawBufferPointer) -> String? {
        if name.isEmpty { return "has an empty name" }
        if name.count > 255 { return "has a name over 255 bytes" }
        if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return "has a name that is a path" }
        if name.contains(UInt8(ascii: "/")) { return "has a slash in its name" }
        if isGitFolder(name) { return "has a name that means .git" }
        return nil
    }

    /// Whether NTFS or HFS+ would take the name for `.git` (git's `is_ntfs_dotgit` and `is_hfs_dotgit`).
    private static func isGitFolder(_ name: UnsafeRawBufferPointer) -> Bool {
        // Few names have a byte in common with the ones looked for; the rest need no more work.
        guard name.contains(UInt8(ascii: "g")) || name.contains(UInt8(ascii: "G")) else { return false }
        if hfsFolded(name) == Array(".git".utf8) { return true }
        return name.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false).contains { part in
            let plain = ntfsFolded(part)
            return plain == Array(".git".utf8) || plain == Array("git~1".utf8)
        }
    }

    private static func isGitFile(_ name: UnsafeRawBufferPointer, _ long: String, short: String) -> Bool {
        if hfsFolded(name) == Array(".\(long)".utf8) { return true }
        let plain = ntfsFolded(name[...])
        if plain == Array(".\(long)".utf8) { return true }
        return plain.count == 8 && plain.starts(with: "\(short)~".utf8) && (0x31...0x34).contains(plain[7])
    }

    /// Without what NTFS drops at the end (spaces, dots, a stream name), in lower case.
    private static func ntfsFolded(_ part: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var plain = Array(part.prefix { $0 != UInt8(ascii: ":") })
        while let last = plain.last, last == UInt8(ascii: " ") || last == UInt8(ascii: ".") { plain.removeLast() }
        return plain.map(lower)
    }

    /// Without the code points that HFS+ ignores, in lower case.
    private static func hfsFolded(_ name: UnsafeRawBufferPointer) -> [UInt8] {
        var plain: [UInt8] = []
        for scalar in String(decoding: name, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: continue
            default: plain += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
        return plain.map(lower)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }

    /// Git's order: bytes, a folder's name as if it ended in a slash (`base_name_compare`).
    private static func precedes(_ left: TreeReader.Entry, _ right: TreeReader.Entry) -> Bool {
        let common = min(left.name.count, right.name.count)
        for index in 0..<common where left.name[index] != right.name[index] {
            return left.name[index] < right.name[index]
        }
        func next(_ entry: TreeReader.Entry) -> UInt8 {
            if entry.name.count > common { return entry.name[common] }
            return entry.kind == .folder ? UInt8(ascii: "/") : 0
        }
        return next(left) < next(right)
    }

    private static func starts(_ name: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer) -> Bool {
        name.count >= prefix.count && name.prefix(prefix.count).elementsEqual(prefix)
    }

    private static func refuse(_ tree: ObjectID, _ entry: TreeReader.Entry, _ what: String) -> GitError {
        GitError(.refused, "tree \(tree): entry \"\(ShownText.of(entry.text))\" \(what)", operation: "fsck")
    }
}
