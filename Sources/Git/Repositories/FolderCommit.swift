import CGit2
import Core
import Glibc

/// A commit without parents of all files that a folder has. What is named `.git`, and what is neither a file, a folder nor
/// a symbolic link, is left out.
struct FolderCommit {
    /// The bare repository that gets the objects.
    let repository: OpaquePointer

    /// Writes the objects. The same files make the same commit.
    func make(of folder: String) throws(GitError) -> CommitID {
        guard var treeID = try tree(of: folder, depth: 1) else {
            throw GitError(.unusable, "it has no files", operation: "tree")
        }
        var tree: OpaquePointer?
        try LibGit2.check(git_tree_lookup(&tree, repository, &treeID), "git_tree_lookup")
        defer { git_tree_free(tree) }
        var author: UnsafeMutablePointer<git_signature>?
        try LibGit2.check(git_signature_new(&author, "berthd", "berthd@localhost", 0, 0), "git_signature_new")
        defer { git_signature_free(author) }
        var id = git_oid()
        try LibGit2.check(
            git_commit_create(
                &id, repository, BranchName.master.ref, author, author, nil, "The files of a folder\n", tree, 0, nil),
            "git_commit_create")
        guard let commit = ObjectID(id).commitID else {
            throw GitError(.unusable, "its commit has no name", operation: "git_commit_create")
        }
        return commit
    }

    /// `nil` when there is nothing in it: git keeps no empty folders.
    private func tree(of folder: String, depth: Int) throws(GitError) -> git_oid? {
        guard depth <= CheckoutLimits().depth else {
            throw GitError(.unusable, "its folders are nested too deep", operation: "tree")
        }
        var builder: OpaquePointer?
        try LibGit2.check(git_treebuilder_new(&builder, repository, nil), "git_treebuilder_new")
        defer { git_treebuilder_free(builder) }
        for name in FileSystem.names(in: folder) where name != ".git" {
            guard var entry = try entry("\(folder)/\(name)", depth: depth) else { continue }
            try LibGit2.check(
                git_treebuilder_insert(nil, builder, name, &entry.id, entry.mode), "git_treebuilder_insert")
        }
        guard git_treebuilder_entrycount(builder) > 0 else { return nil }
        var id = git_oid()
        try LibGit2.check(git_treebuilder_write(&id, builder), "git_treebuilder_write")
        return id
    }

    private func entry(_ path: String, depth: Int) throws(GitError) -> (id: git_oid, mode: git_filemode_t)? {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw LibGit2.systemError("lstat") }
        var id = git_oid()
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            try LibGit2.check(git_blob_create_from_disk(&id, repository, path), "git_blob_create_from_disk")
            return (id, status.st_mode & S_IXUSR == 0 ? GIT_FILEMODE_BLOB : GIT_FILEMODE_BLOB_EXECUTABLE)
        case S_IFLNK:
            var target = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &target, target.count)
            guard count >= 0 else { throw LibGit2.systemError("readlink") }
            try LibGit2.check(
                git_blob_create_from_buffer(&id, repository, target, count), "git_blob_create_from_buffer")
            return (id, GIT_FILEMODE_LINK)
        case S_IFDIR: return try tree(of: path, depth: depth + 1).map { ($0, GIT_FILEMODE_TREE) }
        default: return nil
        }
    }
}
