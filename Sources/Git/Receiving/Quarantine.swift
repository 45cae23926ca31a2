import Foundation
import Glibc

/// A folder of a repository where the objects of one push wait until they are accepted. It is removed, with all that is
/// left in it, when the last reference goes.
package final class Quarantine: Sendable {
    static let prefix = "incoming-"

    /// Absolute path.
    package let path: String
    private let objectsFolder: String

    /// Makes the folder in the repository at `directory`.
    package init(in directory: String) throws(GitError) {
        objectsFolder = "\(directory)/objects"
        path = "\(objectsFolder)/\(Self.prefix)\(UUID().uuidString.lowercased())"
        try FileSystem.makeFolder(path)
    }

    deinit { FileSystem.removeTree(path) }

    /// Moves a pack that was checked, with its index, among the repository's objects. Both are durable then.
    func accept(_ pack: QuarantinedPack) throws(GitError) {
        let packs = "\(objectsFolder)/pack"
        if FileSystem.exists("\(packs)/\(pack.name).idx") {
            let isSame = try PackStorage(path: "\(path)/\(pack.name).pack")
                .equals(fileAt: "\(packs)/\(pack.name).pack")
            guard !isSame else { return }
            throw GitError(.refused, "collision: another pack has the same check sum", operation: "index")
        }
        for file in [pack.pack, pack.index] {
            guard fsync(file.number) == 0 else { throw LibGit2.systemError("fsync") }
        }
        // The index last: a pack without one is no pack to any git program.
        for suffix in ["pack", "idx"] {
            guard rename("\(path)/\(pack.name).\(suffix)", "\(packs)/\(pack.name).\(suffix)") == 0 else {
                throw LibGit2.systemError("rename")
            }
        }
        try FileSystem.flush(packs)
    }

    /// Removes what pushes left in the repository at `directory` when the server died.
    static func sweep(_ directory: String) {
        let objects = "\(directory)/objects"
        for name in FileSystem.names(in: objects) where name.hasPrefix(prefix) || name.hasPrefix(SpoolFile.prefix) {
            FileSystem.removeTree("\(objects)/\(name)")
        }
        // A pack that was moved and whose index was not is no pack. An outside git may be between the two right now.
        let packs = "\(objects)/pack"
        let names = Set(FileSystem.names(in: packs))
        for name in names where name.hasSuffix(".pack") && !names.contains("\(name.dropLast(5)).idx") {
            var status = stat()
            guard lstat("\(packs)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > 3600 else { continue }
            unlink("\(packs)/\(name)")
        }
    }
}
