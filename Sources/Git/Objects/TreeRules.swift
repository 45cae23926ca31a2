/// What a tree must be before it is kept or laid out on disk: git-fsck's errors (`fsck_tree`), with the names that any
/// file system would take for `.git`.
package enum TreeRules {
    /// Bytes of one name; what the disk takes.
    static let nameLimit = 255

    /// Checks one tree object by itself and lends its entries to `body`.
    package static func check(
        _ bytes: UnsafeRawBufferPointer, id: ObjectID, _ body: (TreeReader.Entry) throws(GitError) -> Void
    ) throws(GitError) {
        var reader = TreeReader(bytes)
        var previous: TreeReader.Entry?
        // Names of files that a folder of the same name could still follow: `a` sorts before `a.b` and that before `a/`.
        // Each is the beginning of the next.
        var open: [UnsafeRawBufferPointer] = []
        while true {
            let entry: TreeReader.Entry
            do throws(GitError) {
                guard let next = try reader.next() else { return }
                entry = next
            } catch { throw FsckRule.badTree.refusal("tree", id, "it cannot be read") }
            if entry.hasPaddedMode {
                throw refuse(.zeroPaddedFilemode, id, entry, "has a bad mode: it begins with a zero")
            }
            guard let kind = entry.kind else { throw refuse(.badFilemode, id, entry, "has a bad mode") }
            guard !entry.id.isZero else { throw refuse(.nullSha1, id, entry, "points to nothing") }
            if let fault = nameFault(entry.name) { throw refuse(fault.rule, id, entry, fault.what) }
            if kind == .symlink, let rule = symlinkRule(entry.name) {
                throw refuse(rule, id, entry, "is a symbolic link")
            }
            if let previous {
                let order = compare(previous, entry)
                guard order <= 0 else { throw refuse(.treeNotSorted, id, entry, "is out of order or there twice") }
                guard order < 0 else { throw refuse(.duplicateEntries, id, entry, "is there twice") }
                while let last = open.last, !starts(entry.name, with: last) { open.removeLast() }
                if let last = open.last, last.count == entry.name.count {
                    throw refuse(.duplicateEntries, id, entry, "is there twice")
                }
            }
            if kind != .folder { open.append(entry.name) }
            previous = entry
            try body(entry)
        }
    }

    /// What is wrong with the name of an entry, `nil` when nothing is.
    package static func fault(name: UnsafeRawBufferPointer) -> String? { nameFault(name)?.what }

    private static func nameFault(_ name: UnsafeRawBufferPointer) -> (rule: FsckRule, what: String)? {
        if name.isEmpty { return (.emptyName, "has an empty name") }
        if name.count > nameLimit { return (.largePathname, "has a name over \(nameLimit) bytes") }
        if name.elementsEqual(".".utf8) { return (.hasDot, "has a name that is a path") }
        if name.elementsEqual("..".utf8) { return (.hasDotdot, "has a name that is a path") }
        if name.contains(UInt8(ascii: "/")) { return (.fullPathname, "has a slash in its name") }
        if SpecialNames.isGitFolder(name) { return (.hasDotgit, "has a name that means .git") }
        return nil
    }

    /// The rule that a symbolic link of this name breaks: git follows none where it reads these files.
    private static func symlinkRule(_ name: UnsafeRawBufferPointer) -> FsckRule? {
        if SpecialNames.isPlain(name) { return nil }
        if SpecialNames.means(.modules, name) { return .gitmodulesSymlink }
        if SpecialNames.means(.attributes, name) { return .gitattributesSymlink }
        if SpecialNames.means(.mailmap, name) { return .mailmapSymlink }
        return nil
    }

    /// Git's order: bytes, a folder's name as if it ended in a slash (`base_name_compare`). 0 when the names are one.
    private static func compare(_ left: TreeReader.Entry, _ right: TreeReader.Entry) -> Int {
        let common = min(left.name.count, right.name.count)
        for index in 0..<common where left.name[index] != right.name[index] {
            return Int(left.name[index]) - Int(right.name[index])
        }
        if left.name.count == right.name.count, left.kind != .folder || right.kind != .folder {
            // The same name: also where one is a folder, whichever comes first.
            return 0
        }
        func next(_ entry: TreeReader.Entry) -> Int {
            if entry.name.count > common { return Int(entry.name[common]) }
            return entry.kind == .folder ? Int(UInt8(ascii: "/")) : 0
        }
        return next(left) - next(right)
    }

    private static func starts(_ name: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer) -> Bool {
        name.count >= prefix.count && name.prefix(prefix.count).elementsEqual(prefix)
    }

    private static func refuse(
        _ rule: FsckRule, _ tree: ObjectID, _ entry: TreeReader.Entry, _ what: String
    ) -> GitError {
        rule.refusal("tree", tree, "entry \"\(ShownText.of(entry.text, limit: 300))\" \(what)")
    }
}
