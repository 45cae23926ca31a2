/// A place in a commit that another repository's commit belongs to (gitsubmodules(7)).
public struct Submodule: Sendable, Hashable {
    /// From the root, without a leading or trailing `/`.
    public let path: String
    public let commit: CommitID
    /// As `.gitmodules` has it: absolute, or relative to the address of the repository that it is in.
    public let url: String

    public init(path: String, commit: CommitID, url: String) {
        self.path = path
        self.commit = commit
        self.url = url
    }
}
