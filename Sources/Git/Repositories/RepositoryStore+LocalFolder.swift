import Blocking
import Core

extension RepositoryStore {
    /// A commit that was taken from a folder of this machine.
    public struct LocalCommit: Sendable, Hashable {
        public let commit: CommitID
        /// The folder is a git working tree and this is its HEAD; else the commit was made of the folder's files.
        public let isHead: Bool
    }

    /// Makes the app's repository with a commit of a folder: the HEAD commit of a git working tree, whose objects are read
    /// where they are, or all files of a folder that has no `.git`. Needs no git program.
    ///
    /// Throws `.conflict` when the app has a repository, `.invalid` when the folder cannot be used; the app has no repository
    /// then.
    /// - Parameter folder: absolute path; must stay where it is as long as the repository is used.
    public func create(_ app: ID<App>, from folder: String) async throws(PlatformError) -> LocalCommit {
        guard FileSystem.isFolder(folder + "/.") else { throw .invalid("there is no folder \(folder)") }
        try await create(app, head: .master)
        let directory = directory(of: app)
        do throws(GitError) {
            if FileSystem.exists("\(folder)/.git") {
                return try await pool.run { () throws(GitError) in
                    let head = try WorkingTree.head(of: folder)
                    try FileSystem.create("\(directory)/objects/info/alternates", "\(head.objects)\n")
                    return LocalCommit(commit: head.commit, isHead: true)
                }
            }
            let commit = try await withRepository(app) { (repository) throws(GitError) in
                try repository.withPointer { (pointer) throws(GitError) in
                    try FolderCommit(repository: pointer).make(of: folder)
                }
            }
            return LocalCommit(commit: commit, isHead: false)
        } catch {
            try? await delete(app)
            throw .invalid("\(folder) cannot be used as a repository: \(error.message)")
        }
    }
}
