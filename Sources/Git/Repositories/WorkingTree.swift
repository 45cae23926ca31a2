import CGit2
import Core

/// A git working tree of this machine, as its owner left it.
enum WorkingTree {
    /// The commit that HEAD names, and the absolute path of the folder that holds the objects.
    /// - Parameter folder: with a `.git` in it: a folder, or a file that names one, as in linked working trees.
    static func head(of folder: String) throws(GitError) -> (commit: CommitID, objects: String) {
        var repository: OpaquePointer?
        let flags = GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue
        try LibGit2.check(git_repository_open_ext(&repository, folder, flags, nil), "git_repository_open_ext")
        defer { git_repository_free(repository) }
        var id = git_oid()
        let status = git_reference_name_to_id(&id, repository, "HEAD")
        if status == GIT_ENOTFOUND.rawValue || status == GIT_EUNBORNBRANCH.rawValue {
            git_error_clear()
            throw GitError(.unusable, "it has no commit yet", operation: "HEAD")
        }
        try LibGit2.check(status, "git_reference_name_to_id")
        guard let common = git_repository_commondir(repository), let commit = ObjectID(id).commitID else {
            throw GitError(.notFound, "it has no folder of objects", operation: "git_repository_commondir")
        }
        return (commit, String(cString: common) + "objects")
    }
}
