import Foundation
import Glibc
import Synchronization

/// A folder of a repository where the objects of one push wait until they are accepted. It is removed, with all that is
/// left in it, when the last reference goes.
package final class Quarantine: Sendable {
    static let prefix = "incoming-"

    /// Absolute path.
    package let path: String
    private let objectsFolder: String
    private let isGone = Mutex(false)

    /// The file in which the pack comes.
    var body: String { "\(path)/body" }

    /// Makes the folder in the repository at `directory`.
    package init(in directory: String) throws(GitError) {
        objectsFolder = "\(directory)/objects"
        path = "\(objectsFolder)/\(Self.prefix)\(UUID().uuidString.lowercased())"
        try FileSystem.makeFolder(path)
    }

    deinit { remove() }

    /// Whether it was removed already.
    package var isRemoved: Bool { isGone.withLock { $0 } }

    /// Removes the folder now rather than with the last reference. Blocks.
    package func remove() {
        let isFirst = isGone.withLock { isGone in
            defer { isGone = true }
            return !isGone
        }
        if isFirst { FileSystem.removeTree(path) }
    }

    /// Opens the file in which the pack comes, or has come.
    func openBody(isNew: Bool) throws(GitError) -> OpenFile {
        try OpenFile(body, flags: isNew ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, mode: 0o600)
    }

    /// Makes the file of the pack's index.
    func makeIndex() throws(GitError) -> OpenFile {
        try OpenFile("\(path)/index", flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }

    /// Gives the pack in the body's file and its index their names and makes both durable, so that to accept them is a
    /// matter of their folder.
    func seal(_ pack: OpenFile, _ index: OpenFile, trailer: ObjectID) throws(GitError) -> QuarantinedPack {
        let name = "pack-\(trailer)"
        var bytes = 0
        for file in [pack, index] {
            var status = stat()
            guard fstat(file.number, &status) == 0 else { throw LibGit2.systemError("fstat") }
            bytes += Int(status.st_size)
            guard fchmod(file.number, 0o444) == 0 else { throw LibGit2.systemError("chmod") }
            guard fsync(file.number) == 0 else { throw LibGit2.systemError("fsync") }
        }
        for (old, new) in [("body", "pack"), ("index", "idx")] {
            guard rename("\(path)/\(old)", "\(path)/\(name).\(new)") == 0 else { throw LibGit2.systemError("rename") }
        }
        return QuarantinedPack(name: name, quarantine: self, bytes: bytes)
    }

    /// Moves a pack that was checked, with its index, among the repository's objects, durably, and removes the folder.
    fileprivate func accept(_ pack: QuarantinedPack) throws(GitError) {
        let packs = "\(objectsFolder)/pack"
        if FileSystem.exists("\(packs)/\(pack.name).idx") {
            let isSame = try PackStorage(path: "\(path)/\(pack.name).pack")
                .equals(fileAt: "\(packs)/\(pack.name).pack")
            guard !isSame else { return remove() }
            throw GitError(.refused, "collision: another pack has the same check sum", operation: "index")
        }
        // The index last: a pack without one is no pack to any git program.
        for suffix in ["pack", "idx"] {
            guard rename("\(path)/\(pack.name).\(suffix)", "\(packs)/\(pack.name).\(suffix)") == 0 else {
                let error = LibGit2.systemError("rename")
                // Half a pack is of no use; an index is there when the same pack has come by another push just now.
                if !FileSystem.exists("\(packs)/\(pack.name).idx") { unlink("\(packs)/\(pack.name).pack") }
                throw error
            }
        }
        try FileSystem.flush(packs)
        remove()
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

/// A pack in a quarantine: read, checked, complete with its index and durable where it lies. It is part of the repository
/// once it is accepted; until then nobody sees it who was not given it, and it goes with the quarantine.
package struct QuarantinedPack: Sendable {
    /// `pack-<hash>`
    let name: String
    package let quarantine: Quarantine
    /// Of the pack and its index.
    package let bytes: Int

    /// Of the files, without `.pack` and `.idx`.
    var path: String { "\(quarantine.path)/\(name)" }

    /// Makes its objects the repository's, durably. Blocks.
    package func accept() throws(GitError) { try quarantine.accept(self) }
}
