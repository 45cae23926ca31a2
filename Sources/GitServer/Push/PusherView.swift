import Core
import Git

/// The refs that pushers are shown otherwise than they are.
struct PusherView: Sendable {
    private let overrides: [String: CommitID?]

    init(_ overrides: [String: CommitID?]) { self.overrides = overrides }

    var isEmpty: Bool { overrides.isEmpty }

    /// What a pusher is shown for a ref, zero when it is hidden; `nil` when it is shown as it is.
    func shown(_ name: String) -> ObjectID? {
        guard let value = overrides[name] else { return nil }
        return value.map(ObjectID.init) ?? .zero
    }

    /// The refs as they are shown. A commit that is not there any more cannot be shown: its ref is hidden.
    func apply(
        to references: [Reference], in repository: borrowing Repository
    ) throws(GitError) -> [Reference] {
        var visible: [Reference] = []
        for reference in references {
            guard let shown = shown(reference.name) else {
                visible.append(reference)
                continue
            }
            if !shown.isZero, try repository.objects.contains(shown) {
                visible.append(Reference(name: reference.name, id: shown, peeled: nil))
            }
        }
        return visible
    }
}
