/// Finds names that cannot exist beside one another, since a ref is a file: `refs/heads/a` and `refs/heads/a/b`.
/// Packed refs count too; the file system knows nothing of them.
final class FolderConflicts {
    private var names: Set<String> = []
    private var folders: Set<String> = []

    /// Reads all refs when `isNeeded`, that is when some ref is new.
    init(_ references: References, isNeeded: Bool) throws(GitError) {
        guard isNeeded else { return }
        for reference in try references.all() { insert(reference.name) }
    }

    func check(_ update: ReferenceUpdate) throws(GitError) {
        guard update.old.isZero, !update.new.isZero else { return }
        if folders.contains(update.name) {
            throw GitError(.refused, "refs below \(update.name)/ exist", operation: "conflict")
        }
        if let blocking = Self.parents(of: update.name).first(where: names.contains) {
            throw GitError(.refused, "the ref \(blocking) exists", operation: "conflict")
        }
    }

    func add(_ update: ReferenceUpdate) {
        if update.old.isZero, !update.new.isZero { insert(update.name) }
    }

    private func insert(_ name: String) {
        names.insert(name)
        folders.formUnion(Self.parents(of: name))
    }

    /// `refs`, `refs/heads`, `refs/heads/a` for `refs/heads/a/b`.
    private static func parents(of name: String) -> [String] {
        name.indices.filter { name[$0] == "/" }.map { String(name[..<$0]) }
    }
}
