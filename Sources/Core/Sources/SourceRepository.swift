/// What a deploy asks for: a commit, or the branch whose tip is read when the deploy starts.
public enum Revision: Sendable, Hashable {
    case commit(CommitID)
    case branch(BranchName)
}

/// The files of a commit, to be laid out on disk.
public struct CheckoutRequest: Sendable {
    /// An earlier checkout that is still as it was written: files that have not changed are linked from it.
    public struct Previous: Sendable {
        public let commit: CommitID
        /// Absolute path of its files.
        public let directory: String

        public init(commit: CommitID, directory: String) {
            self.commit = commit
            self.directory = directory
        }
    }

    public let app: ID<App>
    public let commit: CommitID
    /// Absolute path of a folder that does not exist yet; its parent does.
    public let directory: String
    /// Where unchanged files may be hard-linked from. Give `nil` when something will write into the files.
    public let previous: Previous?
    /// Who owns what is written; `nil` leaves it to the server's own user.
    public let account: UInt32?
    /// What the files may come to, linked ones too.
    public let allowance: ReleaseAllowance

    public init(
        app: ID<App>, commit: CommitID, directory: String, previous: Previous?, account: UInt32?,
        allowance: ReleaseAllowance
    ) {
        self.app = app
        self.commit = commit
        self.directory = directory
        self.previous = previous
        self.account = account
        self.allowance = allowance
    }
}

/// What a checkout did.
public struct CheckoutReport: Sendable, Hashable {
    public let files: Int
    /// Files that were hard-linked from the previous checkout.
    public let linked: Int
    /// Bytes written (linked files not counted).
    public let bytes: Int

    public init(files: Int, linked: Int, bytes: Int) {
        self.files = files
        self.linked = linked
        self.bytes = bytes
    }
}

/// The platform's view of an app's repository. The wire protocol is not part of it.
public protocol SourceRepository: Sendable {
    /// Makes an empty bare repository whose HEAD points to `head`. Throws `.conflict` when there is one.
    func create(_ app: ID<App>, head: BranchName) async throws(PlatformError)
    /// Removes the repository; fine when there is none.
    func delete(_ app: ID<App>) async throws(PlatformError)
    func exists(_ app: ID<App>) async -> Bool
    /// Points HEAD to another branch, which need not exist.
    func setHead(_ branch: BranchName, app: ID<App>) async throws(PlatformError)
    /// The commit that `revision` names now; `nil` when there is none in this repository.
    func resolve(_ revision: Revision, app: ID<App>) async throws(PlatformError) -> CommitID?
    /// The names of the branches, sorted.
    func branches(app: ID<App>) async throws(PlatformError) -> [BranchName]
    /// The content of one regular file of a commit, `nil` when there is none or it is larger than `limit` bytes.
    func file(_ path: String, commit: CommitID, app: ID<App>, limit: Int) async throws(PlatformError) -> [UInt8]?
    /// The names of all entries of a commit's folder, sorted; folders end in `/`. `nil` when there is no such folder.
    /// - Parameter folder: path from the root, without a leading or trailing `/`; empty for the root.
    func entries(of folder: String, commit: CommitID, app: ID<App>) async throws(PlatformError) -> [String]?
    /// The submodules of a commit that its `.gitmodules` gives a URL, in that file's order. Throws `.invalid` when the
    /// file is too large.
    func submodules(of commit: CommitID, app: ID<App>) async throws(PlatformError) -> [Submodule]
    /// Keeps `commit` from being collected, under `refs/berth/deploys/<deploy>`, hidden from clients.
    func pin(_ commit: CommitID, deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError)
    /// Undoes `pin`; fine when there is none.
    func unpin(_ deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError)
    /// Writes the files of a commit without filters and hooks; a submodule is an empty folder. Symlinks that leave the
    /// tree are refused with `.buildFailed`, and so is more than the request allows; when the disk has no room for it,
    /// the code is `.tooLarge`. On an error nothing is left behind.
    func checkOut(_ request: CheckoutRequest) async throws(PlatformError) -> CheckoutReport
    /// The files, links and submodules of a commit that an earlier one does not have in the same place. Folders that are the
    /// same in both are not looked into.
    /// - Parameter earlier: `nil` for all that the commit has.
    func changes(
        from earlier: CommitID?, to commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> TreeChanges
    /// Writes the content of blobs as files of these names, each blob once. They are not flushed. Throws as `checkOut`.
    /// - Parameters:
    ///   - directory: absolute path of a folder that does not exist yet; its parent does. Gone after an error.
    ///   - allowance: what they may come to together.
    func write(
        _ blobs: Set<BlobID>, to directory: String, app: ID<App>, within allowance: ReleaseAllowance
    ) async throws(PlatformError)
}
