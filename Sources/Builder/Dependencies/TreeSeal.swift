import Glibc

/// Gives the files of a tree to the server, readable for everybody and writable for nobody: whoever shares them by a hard
/// link can replace a file in his own tree, never change the one that others see.
enum TreeSeal {
    static func seal(_ folder: borrowing FolderHandle, depth: Int = 0) throws(FileError) {
        guard depth < 256 else { throw FileError("seal", folder.path, errno: ELOOP) }
        for name in try folder.entries() {
            switch try folder.status(name).kind {
            case .folder: try seal(folder.folder(name), depth: depth + 1)
            case .file:
                let file = try folder.file(name)
                // Another name may be outside of what is sealed, and whoever has it open could go on writing.
                guard file.status.kind == .file, file.status.links == 1 else {
                    throw FileError("seal", file.path, errno: EMLINK)
                }
                let mode: mode_t = file.status.mode & 0o111 == 0 ? 0o444 : 0o555
                guard fchown(file.descriptor, 0, 0) == 0, fchmod(file.descriptor, mode) == 0 else {
                    throw FileError("seal", file.path)
                }
            case .symlink, .special: break
            }
        }
    }
}
