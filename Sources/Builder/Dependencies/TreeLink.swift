import Core
import Glibc

/// Makes a second tree of folders that shares the first one's files by hard links.
struct TreeLink {
    /// Who owns the new folders.
    let account: UInt32
    /// Files linked so far.
    private(set) var files = 0
    private let depthLimit = 256

    init(account: UInt32) { self.account = account }

    /// Makes the folder `name` in `target` with what the folder of that name in `source` holds. Symlinks are made anew;
    /// what is neither file, folder nor link is left out. Throws when a file has too many links, and on any other error;
    /// the caller removes what was made.
    mutating func link(
        _ name: FileName, from source: borrowing FolderHandle, to target: borrowing FolderHandle
    ) throws(FileError) {
        try link(name, from: source, to: target, depth: 0)
    }

    private mutating func link(
        _ name: FileName, from source: borrowing FolderHandle, to target: borrowing FolderHandle, depth: Int
    ) throws(FileError) {
        guard depth < depthLimit else { throw FileError("link folder", "\(source.path)/\(name)", errno: ELOOP) }
        guard mkdirat(target.descriptor, name.characters, 0o755) == 0 else {
            throw FileError("make folder", "\(target.path)/\(name)")
        }
        let old = try source.folder(name)
        let new = try target.folder(name)
        guard fchown(new.descriptor, account, account) == 0, fchmod(new.descriptor, 0o755) == 0 else {
            throw FileError("chown", new.path)
        }
        for (entry, kind) in try old.entriesWithKinds() {
            switch kind {
            case .folder: try link(entry, from: old, to: new, depth: depth + 1)
            case .file:
                guard linkat(old.descriptor, entry.characters, new.descriptor, entry.characters, 0) == 0 else {
                    throw FileError("link", "\(new.path)/\(entry)")
                }
                files += 1
            case .symlink: try copyLink(entry, from: old, to: new)
            case .special: break
            }
        }
    }

    private func copyLink(
        _ name: FileName, from source: borrowing FolderHandle, to target: borrowing FolderHandle
    ) throws(FileError) {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(source.descriptor, name.characters, &buffer, Int(PATH_MAX))
        guard count >= 0, symlinkat(buffer, target.descriptor, name.characters) == 0,
            fchownat(target.descriptor, name.characters, account, account, AT_SYMLINK_NOFOLLOW) == 0
        else { throw FileError("link", "\(target.path)/\(name)") }
    }
}
