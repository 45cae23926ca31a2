/// The refs of a repository as clients are told of them.
package struct ReferenceSnapshot: Sendable, Hashable {
    /// The full name that HEAD points to, whether that ref exists or not; `nil` when HEAD is detached.
    package var head: String?
    /// Sorted by name; the platform's own are not among them.
    package var references: [Reference]

    package init(head: String?, references: [Reference]) {
        self.head = head
        self.references = references
    }

    /// The value of HEAD, `nil` when its branch does not exist.
    package var headID: ObjectID? { head.flatMap { head in references.first { $0.name == head }?.id } }
}

extension Repository {
    /// The refs that clients may see, as they stand; annotated tags are peeled when `isPeeled`.
    package borrowing func snapshot(isPeeled: Bool) throws(GitError) -> ReferenceSnapshot {
        let head = try references.head()
        var visible = try references.visible()
        guard isPeeled else { return ReferenceSnapshot(head: head, references: visible) }
        // A ref whose object is gone would make every fetch fail; it stays to be seen by pushers, who can mend it.
        visible.removeAll { !objects.contains($0.id) }
        for index in visible.indices where visible[index].peeled == nil {
            let reference = visible[index]
            // Branches point to commits, so there is nothing to look up.
            guard !reference.name.hasPrefix("refs/heads/"), let peeled = try peeled(reference.id) else { continue }
            visible[index] = Reference(name: reference.name, id: reference.id, peeled: peeled.id)
        }
        return ReferenceSnapshot(head: head, references: visible)
    }
}
