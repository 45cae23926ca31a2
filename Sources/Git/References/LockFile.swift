import Glibc

/// `<file>.lock`, which keeps every git program from changing the file (git's lockfile API).
final class LockFile {
    /// Absolute path of what is locked.
    let target: String
    /// The folders that were made for it, outermost first.
    private(set) var madeFolders: [String] = []

    private let root: String
    private let path: String
    private var descriptor: Int32

    /// Locks the file `name` of the repository at `directory`.
    init(_ name: String, in directory: String) throws(GitError) {
        root = directory
        target = "\(directory)/\(name)"
        path = target + ".lock"
        descriptor = -1
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        descriptor = open(path, flags, 0o644)
        if descriptor < 0, errno == ENOENT {
            try makeParents(name)
            descriptor = open(path, flags, 0o644)
        }
        guard descriptor >= 0 else {
            switch errno {
            case EEXIST:
                throw GitError(
                    .locked, "cannot lock ref '\(name)': another process holds its lock file", operation: "lock")
            case ENOTDIR:
                throw GitError(
                    .refused, "another ref's name is the beginning of '\(name)'", operation: "lock")
            default: throw LibGit2.systemError("lock")
            }
        }
    }

    deinit { release() }

    /// Locks a file for which others hold the lock for moments only; tries again for a second, as git does.
    static func wait(for name: String, in directory: String) throws(GitError) -> LockFile {
        for _ in 0..<50 {
            do throws(GitError) { return try LockFile(name, in: directory) } catch {
                guard error.code == .locked else { throw error }
            }
            usleep(20_000)
        }
        return try LockFile(name, in: directory)
    }

    /// Writes the new content and makes it durable.
    func write(_ bytes: [UInt8]) throws(GitError) {
        try FileSystem.write(bytes, to: descriptor)
        guard fsync(descriptor) == 0 else { throw LibGit2.systemError("fsync") }
    }

    /// Puts the new content in place. The folder is still to be flushed.
    func commit() throws(GitError) {
        // Folders that deleted refs left behind may stand where the file is to be.
        if FileSystem.isFolder(target) { removeEmptyFolders(target) }
        guard rename(path, target) == 0 else { throw LibGit2.systemError("rename") }
        close(descriptor)
        descriptor = -1
    }

    /// Gives the lock up, with the folders that were made for it; nothing when it was committed.
    func release() {
        guard descriptor >= 0 else { return }
        unlink(path)
        close(descriptor)
        descriptor = -1
        for folder in madeFolders.reversed() where rmdir(folder) != 0 { break }
    }

    /// Removes the folders that a deleted ref leaves empty, but never `refs/heads` and its like.
    func pruneEmptyFolders() {
        var folder = FileSystem.parent(of: target)
        while folder.utf8.count > root.utf8.count,
            folder.dropFirst(root.count).utf8.count(where: { $0 == UInt8(ascii: "/") }) > 2, rmdir(folder) == 0
        {
            folder = FileSystem.parent(of: folder)
        }
    }

    private func makeParents(_ name: String) throws(GitError) {
        var folder = root
        for part in name.split(separator: "/").dropLast() {
            folder += "/\(part)"
            if mkdir(folder, 0o755) == 0 {
                madeFolders.append(folder)
            } else if errno != EEXIST {
                throw LibGit2.systemError("mkdir")
            }
        }
    }

    private func removeEmptyFolders(_ folder: String) {
        for name in FileSystem.names(in: folder) where FileSystem.isFolder("\(folder)/\(name)") {
            removeEmptyFolders("\(folder)/\(name)")
        }
        rmdir(folder)
    }
}
