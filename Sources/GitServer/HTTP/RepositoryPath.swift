import Core

/// The two names in a repository's address: `/<owner>/<name>.git`, the ending being optional.
struct RepositoryPath: Sendable, Equatable {
    let owner: String
    let name: String

    /// `nil` unless both are names that the platform gives: nothing else ever reaches the gate or the disk.
    init?(owner: String?, repository: String?) {
        guard let owner, var name = repository else { return nil }
        if name.hasSuffix(".git") { name.removeLast(4) }
        guard DNSLabel.isValid(owner), DNSLabel.isValid(name) else { return nil }
        self.owner = owner
        self.name = name
    }
}
