import Glibc

/// Removes a folder with all that is in it, whatever a tenant put there: names that are not UTF-8, links, and folders
/// nested deeper than paths or descriptors reach.
enum FolderRemoval {
    /// Folders deeper than this are first moved up, so that few descriptors are open at once.
    private static let depthLimit = 64

    /// Fine when there is nothing at `path`.
    static func remove(_ path: String) throws(FileError) {
        do throws(FileError) {
            let top = try FolderHandle(path: path)
            var moved = 0
            // What was moved up is found by the next pass.
            repeat {
                try empty(top, depth: 0, top: top, moved: &moved)
            } while try !top.entries().isEmpty
        } catch {
            if error.errno == ENOENT { return }
            throw error
        }
        guard rmdir(path) == 0 else { throw FileError("remove", path) }
    }

    private static func empty(
        _ folder: borrowing FolderHandle, depth: Int, top: borrowing FolderHandle, moved: inout Int
    ) throws(FileError) {
        for name in try folder.entries() {
            guard try folder.status(name).kind == .folder else {
                try folder.unlink(name)
                continue
            }
            if depth < depthLimit {
                try empty(folder.folder(name), depth: depth + 1, top: top, moved: &moved)
                try folder.unlink(name, isFolder: true)
            } else {
                moved += 1
                // A tenant may have taken the name; a folder is only replaced when it is empty, a file never is.
                while renameat(folder.descriptor, name.characters, top.descriptor, ".moved-\(moved)") != 0 {
                    guard [EEXIST, ENOTEMPTY, ENOTDIR].contains(errno) else {
                        throw FileError("move", "\(folder.path)/\(name)")
                    }
                    moved += 1
                }
            }
        }
    }
}
