import Core
import Glibc

/// The files of a release after a tenant's commands have written to them.
struct ReleaseTree {
    struct Limits {
        /// Files and folders.
        var entries: Int
        /// Bytes on disk.
        var bytes: Int
        /// Folders within one another.
        static let depth = 128
    }

    private let limits: Limits
    private var entries = 0
    private var bytes = 0
    private var removed: [String] = []

    /// Takes away what files of a release never need and could be misused: set-id bits, sockets, FIFOs and devices.
    /// Throws `.buildFailed` when the tree is over a limit. Blocks.
    static func makeSafe(
        _ files: borrowing FolderHandle, limits: Limits, log: any DeployLogSink
    ) throws(PlatformError) {
        do {
            var tree = ReleaseTree(limits: limits)
            try tree.visit(files, path: "", depth: 1)
            tree.removed.prefix(20).forEach { log.write("removed \($0): it is neither a file nor a folder nor a link") }
        } catch {
            throw .ofFiles("the built files could not be checked", error)
        }
    }

    private init(limits: Limits) { self.limits = limits }

    private mutating func visit(_ folder: borrowing FolderHandle, path: String, depth: Int) throws {
        guard depth <= Limits.depth else {
            throw PlatformError(.buildFailed, "the build made folders nested more than \(Limits.depth) deep")
        }
        for name in try folder.entries() {
            let status = try folder.status(name)
            try count(status)
            switch status.kind {
            case .symlink: break
            case .special:
                try folder.unlink(name)
                removed.append(path + name.description)
            case .file:
                // Only a file with such a bit is opened, so that thousands of others cost one call each.
                if status.mode & 0o7000 != 0 {
                    let file = try folder.file(name)
                    try clear(file.descriptor, file.status.mode, file.path)
                }
            case .folder:
                let child = try folder.folder(name)
                if status.mode & 0o7000 != 0 { try clear(child.descriptor, status.mode, child.path) }
                try visit(child, path: path + name.description + "/", depth: depth + 1)
            }
        }
    }

    private func clear(_ descriptor: Int32, _ mode: mode_t, _ path: String) throws(FileError) {
        guard fchmod(descriptor, mode & 0o777) == 0 else { throw FileError("chmod", path) }
    }

    private mutating func count(_ status: FileStatus) throws(PlatformError) {
        entries += 1
        bytes += status.allocated
        guard entries <= limits.entries else {
            throw PlatformError(.buildFailed, "the build left more than \(limits.entries) files; that is the limit")
        }
        guard bytes <= limits.bytes else {
            throw PlatformError(
                .buildFailed, "the build left more than \(ByteCount.text(limits.bytes)); that is the limit")
        }
    }
}
