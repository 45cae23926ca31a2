import Foundation
import Glibc

/// Removes a folder with all that is in it, whatever a tenant put there: names that are not UTF-8, links, and folders
/// nested deeper than paths or descriptors reach.
enum FolderRemoval {
    /// Folders deeper than this are first moved up, so that few descriptors are open at once.
    private static let depthLimit = 64
    /// Names that are held at once of one folder.
    private static let batch = 10_000

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

    /// How names in a `grave` begin.
    private static let removed = ".removed-"

    /// Takes the folder away first, so that whatever interrupts the removal, nobody finds half of it. Fine when there is
    /// nothing at `path`.
    /// - Parameter grave: absolute path of a folder on the same file system, for `sweep`; it is made when it is missing.
    static func remove(_ path: String, by grave: String) throws(FileError) {
        try FolderCreation.create(grave)
        let taken = "\(grave)/\(removed)\(UUID().uuidString.lowercased())"
        guard rename(path, taken) == 0 else {
            if errno == ENOENT { return }
            throw FileError("rename", path)
        }
        try remove(taken)
    }

    /// Finishes what was interrupted. Nothing else is removed by this grave meanwhile.
    static func sweep(_ grave: String) throws(FileError) {
        guard let folder = try? FolderHandle(path: grave) else { return }
        for name in try folder.entries() where name.text?.hasPrefix(removed) == true {
            try remove("\(grave)/\(name)")
        }
    }

    private static func empty(
        _ folder: borrowing FolderHandle, depth: Int, top: borrowing FolderHandle, moved: inout Int
    ) throws(FileError) {
        while true {
            let names = try folder.entries(atMost: batch)
            for name in names { try remove(name, from: folder, depth: depth, top: top, moved: &moved) }
            if names.count < batch { return }
        }
    }

    private static func remove(
        _ name: FileName, from folder: borrowing FolderHandle, depth: Int, top: borrowing FolderHandle,
        moved: inout Int
    ) throws(FileError) {
        guard try folder.status(name).kind == .folder else {
            return try folder.unlink(name)
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
