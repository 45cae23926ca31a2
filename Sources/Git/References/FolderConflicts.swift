/// Finds names that cannot exist beside one another, since a ref is a file: `refs/heads/a` and `refs/heads/a/b`.
/// Packed refs count too; the file system knows nothing of them.
final class FolderConflicts {
    private let directory: String
    private let packed: PackedReferences
    /// Refs that go in the same step and so are in nobody's way.
    private let removed: Set<String>
    /// Whether so many refs are made that a folder is better read once than asked about each of them.
    private let isBulk: Bool
    private var created: Set<String> = []
    private var createdFolders: [String: String] = [:]
    /// Parents that were looked at and are no refs, each with all of its own parents.
    private var clear: Set<String> = []
    /// The folders on disk within a folder that was read.
    private var subfolders: [String: Set<String>] = [:]

    init(_ references: References, packed: PackedReferences, removed: Set<String>, isBulk: Bool = false) {
        directory = references.directory
        self.packed = packed
        self.removed = removed
        self.isBulk = isBulk
    }

    /// Throws `.refused`, in git's words, when the ref of an update cannot be made.
    func check(_ update: ReferenceUpdate) throws(GitError) {
        guard update.old.isZero, !update.new.isZero else { return }
        let name = update.name
        // A parent that is clear has not been made a ref since.
        let isClear = Self.parent(of: name).map(clear.contains) ?? true
        let above = isClear ? nil : Self.parents(of: name).first(where: created.contains)
        if let other = createdFolders[name] ?? above {
            throw GitError(
                .refused, "cannot process '\(other)' and '\(name)' at the same time", operation: "conflict")
        }
        if let other = try refBelow(name) ?? (isClear ? nil : refAbove(name)) {
            throw GitError(.refused, "'\(other)' exists; cannot create '\(name)'", operation: "conflict")
        }
    }

    /// Notes that the update is about to be done.
    func add(_ update: ReferenceUpdate) {
        guard update.old.isZero, !update.new.isZero else { return }
        created.insert(update.name)
        if clear.contains(update.name) { clear.removeAll() }
        guard let parent = Self.parent(of: update.name), createdFolders[parent] == nil else { return }
        for folder in Self.parents(of: update.name) { createdFolders[folder] = update.name }
    }

    /// Whether a ref that goes in the same step is a parent of `name`, so that its lock stands for this one's.
    func isBelowRemoved(_ name: String) -> Bool {
        !removed.isEmpty && Self.parents(of: name).contains { removed.contains($0) }
    }

    private func refAbove(_ name: String) -> String? {
        for parent in Self.parents(of: name) where !clear.contains(parent) {
            if !removed.contains(parent), packed[parent] != nil || FileSystem.isFile("\(directory)/\(parent)") {
                return parent
            }
            clear.insert(parent)
        }
        return nil
    }

    private func refBelow(_ name: String) throws(GitError) -> String? {
        for other in packed.names(below: name + "/") where !removed.contains(other) { return other }
        guard !isBulk || isSubfolder(name) else { return nil }
        var folders = [name]
        while let folder = folders.popLast() {
            guard FileSystem.isFolder("\(directory)/\(folder)") else { continue }
            for child in FileSystem.names(in: "\(directory)/\(folder)").sorted() where !child.hasSuffix(".lock") {
                let path = "\(folder)/\(child)"
                if FileSystem.isFile("\(directory)/\(path)") {
                    if !removed.contains(path) { return path }
                } else {
                    folders.append(path)
                }
            }
        }
        return nil
    }

    private func isSubfolder(_ name: String) -> Bool {
        guard let parent = Self.parent(of: name) else { return true }
        if let known = subfolders[parent] { return known.contains(name) }
        let children = References.children(of: "\(directory)/\(parent)")
        let found = Set(children.lazy.filter(\.isFolder).map { "\(parent)/\($0.name)" })
        subfolders[parent] = found
        return found.contains(name)
    }

    /// `refs/heads/a` for `refs/heads/a/b`.
    private static func parent(of name: String) -> String? {
        name.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(name[..<$0]) }
    }

    /// `refs`, `refs/heads`, `refs/heads/a` for `refs/heads/a/b`.
    private static func parents(of name: String) -> [String] {
        name.utf8.indices.filter { name.utf8[$0] == UInt8(ascii: "/") }.map { String(name[..<$0]) }
    }
}
