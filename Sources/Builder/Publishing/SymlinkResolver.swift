import Glibc

/// Follows symlinks by hand, inside one folder only.
struct SymlinkResolver {
    /// As Linux has it (path_resolution(7)).
    private static let limit = 40

    enum Target {
        /// The parts below the root, none of them a symlink.
        case file([String], FileStatus)
        case folder([String], FileStatus)
        /// It leads out of the root, or its text is not UTF-8.
        case outside
        /// It leads nowhere, in circles, or to something that is neither file nor folder.
        case missing
    }

    /// Where the symlink `name` in the folder `folder` (parts below `root`, none a symlink) ends.
    static func resolve(
        _ name: String, in folder: [String], root: borrowing FolderHandle
    ) throws(FileError) -> Target {
        var reached = folder
        // What is still to be walked, the next part last.
        var pending = [name]
        var links = 0
        var last: FileStatus?
        while let part = pending.popLast() {
            if part.isEmpty || part == "." { continue }
            if part == ".." {
                guard reached.popLast() != nil else { return .outside }
                last = nil
                continue
            }
            let status: FileStatus
            let text: String?
            do throws(FileError) {
                let parent = try root.folder(reached)
                status = try parent.status(FileName(part))
                text = status.kind == .symlink ? try parent.symlink(FileName(part)) : nil
            } catch {
                guard [ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG].contains(error.errno) else { throw error }
                return .missing
            }
            guard status.kind == .symlink else {
                reached.append(part)
                last = status
                continue
            }
            links += 1
            guard links <= limit else { return .missing }
            guard let text, !text.hasPrefix("/") else { return .outside }
            pending += text.split(separator: "/").reversed().map(String.init)
        }
        let status: FileStatus
        if let last { status = last } else { status = try root.folder(reached).status(FileName(".")) }
        switch status.kind {
        case .file: return .file(reached, status)
        case .folder: return .folder(reached, status)
        case .symlink, .special: return .missing
        }
    }
}
