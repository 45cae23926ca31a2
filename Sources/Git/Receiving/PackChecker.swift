/// Checks what the objects of a quarantined pack say before they are kept: that each can be read, is well-formed, and
/// that all it refers to is there.
///
/// A repository keeps the rule that with an object all that it refers to is there too. So the closure of a new tip is
/// whole when every new object's own references are found among the new objects or in the store.
struct PackChecker {
    private let kinds: [ObjectID: ObjectKind]

    /// Opens the pack whose index is at `path` and reads every object of it.
    init(
        packIndex path: String, store: borrowing ObjectDatabase, limits: ReceiveLimits
    ) throws(GitError) {
        let pack = try ObjectDatabase(packIndex: path)
        let ids = try pack.allObjects()
        var kinds: [ObjectID: ObjectKind] = [:]
        kinds.reserveCapacity(ids.count)
        var references: [ObjectReference] = []
        for id in ids {
            try Self.readable(id) { () throws(GitError) in
                // The indexer bounds what deltas come to, not what an object is by itself.
                guard let size = try pack.header(id)?.size, size <= limits.objectBytes else {
                    throw GitError(
                        .tooLarge, "object \(id) is larger than \(limits.objectBytes >> 20) MiB", operation: "fsck")
                }
                try pack.read(id) { (kind, bytes) throws(GitError) in
                    kinds[id] = kind
                    try Self.check(kind, bytes, id: id) { references.append($0) }
                    try Self.compare(bytes, kind, with: store, id: id)
                }
            }
        }
        self.kinds = kinds
        for reference in Set(references) { try check(reference, store: store) }
    }

    /// The kind of a new object, `nil` when the pack does not hold it.
    func kind(of id: ObjectID) -> ObjectKind? { kinds[id] }

    private func check(_ reference: ObjectReference, store: borrowing ObjectDatabase) throws(GitError) {
        // A blob's kind is not read from the store: it would cost a look at each unchanged file of a folder.
        let found: ObjectKind?
        if let kind = kinds[reference.id] {
            found = kind
        } else if reference.kind == .blob {
            found = store.contains(reference.id) ? .blob : nil
        } else {
            found = try store.header(reference.id)?.kind
        }
        guard let found else {
            throw GitError(
                .refused, "\(reference.kind.rawValue) \(reference.id) is missing", operation: "connectivity")
        }
        guard found == reference.kind else {
            throw GitError(
                .refused, "object \(reference.id) is a \(found.rawValue) and is used as a \(reference.kind.rawValue)",
                operation: "connectivity")
        }
    }

    /// Checks one object and reports what it refers to.
    private static func check(
        _ kind: ObjectKind, _ bytes: UnsafeRawBufferPointer, id: ObjectID, _ report: (ObjectReference) -> Void
    ) throws(GitError) {
        switch kind {
        case .blob: break
        case .tree:
            try TreeRules.check(bytes, id: id) { (entry) throws(GitError) in
                // A submodule's commit lies in another repository.
                guard entry.kind != .submodule else { return }
                report(ObjectReference(id: entry.id, kind: entry.kind == .folder ? .tree : .blob))
            }
        case .commit:
            let commit = try CommitObject(bytes, id: id)
            report(ObjectReference(id: commit.tree, kind: .tree))
            for parent in commit.parents { report(ObjectReference(id: parent, kind: .commit)) }
        case .tag:
            let tag = try TagObject(bytes, id: id)
            report(ObjectReference(id: tag.target, kind: tag.kind))
        }
    }

    /// An object that the store has already must be the same one: otherwise somebody has found a hash collision.
    private static func compare(
        _ bytes: UnsafeRawBufferPointer, _ kind: ObjectKind, with store: borrowing ObjectDatabase, id: ObjectID
    ) throws(GitError) {
        guard store.contains(id) else { return }
        try store.read(id) { (storedKind, stored) throws(GitError) in
            guard storedKind == kind, stored.elementsEqual(bytes) else {
                throw GitError(
                    .refused, "object \(id) collides with a different one of the same name", operation: "fsck")
            }
        }
    }

    /// Says which object it is that cannot be read: the library's own text may name our folders.
    private static func readable(_ id: ObjectID, _ body: () throws(GitError) -> Void) throws(GitError) {
        do throws(GitError) {
            try body()
        } catch {
            guard error.isShowable else {
                throw GitError(.refused, "the pack is damaged: object \(id) cannot be read", operation: "fsck")
            }
            throw error
        }
    }
}

/// That an object names another one.
private struct ObjectReference: Hashable {
    let id: ObjectID
    let kind: ObjectKind
}
