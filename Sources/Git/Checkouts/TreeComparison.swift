import Core

/// Finds where two commits differ. A folder whose tree is the same in both costs nothing, whatever is in it.
struct TreeComparison {
    private let limits: CheckoutLimits
    private var changes: [TreeChange] = []
    private var count = 0

    /// All that the later commit has when there is no earlier one, or its trees cannot be read.
    static func changes(
        from earlier: CommitID?, to commit: CommitID, limits: CheckoutLimits, _ repository: borrowing Repository
    ) throws(GitError) -> TreeChanges {
        let tree = try repository.commit(ObjectID(commit)).tree
        if let earlier, let before = try? repository.commit(ObjectID(earlier)).tree {
            var comparison = TreeComparison(limits: limits)
            do throws(GitError) {
                if before != tree { try comparison.compare(before, tree, path: [], depth: 1, repository) }
                return TreeChanges(changes: comparison.changes, isRelative: true)
            } catch {
                // What is wrong with the later one is told below.
            }
        }
        var comparison = TreeComparison(limits: limits)
        try comparison.compare(nil, tree, path: [], depth: 1, repository)
        return TreeChanges(changes: comparison.changes, isRelative: false)
    }

    private init(limits: CheckoutLimits) { self.limits = limits }

    private mutating func compare(
        _ before: ObjectID?, _ after: ObjectID?, path: [UInt8], depth: Int, _ repository: borrowing Repository
    ) throws(GitError) {
        guard depth <= limits.depth else { throw Self.unusable("the folder \(Self.shown(path)) lies too deep") }
        var known: [[UInt8]: CheckoutEntry] = [:]
        if let before {
            for entry in try CheckoutEntry.all(of: before, in: repository) { known[entry.name] = entry }
        }
        if let after {
            for entry in try CheckoutEntry.all(of: after, in: repository) {
                try count(entry)
                let old = known.removeValue(forKey: entry.name)
                if let old, old.id == entry.id, old.kind == entry.kind { continue }
                try compare(old, entry, path: path, depth: depth, repository)
            }
        }
        for entry in known.values {
            try count(entry)
            try compare(entry, nil, path: path, depth: depth, repository)
        }
    }

    /// One name of a folder; not both are missing.
    private mutating func compare(
        _ before: CheckoutEntry?, _ after: CheckoutEntry?, path: [UInt8], depth: Int,
        _ repository: borrowing Repository
    ) throws(GitError) {
        guard let name = after?.name ?? before?.name else { return }
        let path = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
        guard path.count <= limits.pathBytes else { throw Self.unusable("the path \(Self.shown(path)) is too long") }
        let folders = (before?.folder, after?.folder)
        if folders.0 != nil || folders.1 != nil {
            try compare(folders.0, folders.1, path: path, depth: depth + 1, repository)
        }
        if let after, folders.1 == nil {
            changes.append(TreeChange(path: path, entry: try Self.entry(after)))
        } else if before != nil, folders.0 == nil {
            changes.append(TreeChange(path: path, entry: nil))
        }
    }

    private mutating func count(_ entry: CheckoutEntry) throws(GitError) {
        count += 1
        guard count <= limits.entries else { throw Self.unusable("more than \(limits.entries) files and folders") }
    }

    private static func entry(_ entry: CheckoutEntry) throws(GitError) -> TreeChange.Entry {
        switch entry.kind {
        case .file, .executable:
            guard let blob = BlobID(entry.id.description) else { throw unusable("a file has no content") }
            return .file(blob)
        case .symlink: return .symlink
        case .submodule, .folder: return .submodule
        }
    }

    private static func shown(_ path: [UInt8]) -> String {
        "\"\(ShownText.of(String(decoding: path, as: UTF8.self), limit: 500))\""
    }

    private static func unusable(_ message: String) -> GitError { GitError(.unusable, message, operation: "checkout") }
}

extension CheckoutEntry {
    /// The tree's name; `nil` for what is not a folder.
    fileprivate var folder: ObjectID? { kind == .folder ? id : nil }
}
