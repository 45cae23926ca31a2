import CGit2
import Glibc

/// Files and folders that are to be made durable. A few are flushed one by one, which waits for nobody else's data; many
/// with one flush of the file system, which costs less than a flush each.
struct FlushList {
    private static let limit = 64

    private var descriptors: [OpenFile] = []
    private var isOverLimit = false

    /// Adds a file that is complete. Its bytes begin to go to the disk now, so that the flush finds little to do.
    mutating func add(_ file: OpenFile, size: Int) {
        if size > 0 { _ = cgit2_begin_writeback(file.number) }
        append(file)
    }

    /// Adds a folder whose names are complete.
    mutating func add(folder: OpenFile) { append(folder) }

    /// Returns when everything that was added is durable, and `root`'s file system is asked once if that was much.
    mutating func flush(root: OpenFile) throws(GitError) {
        if isOverLimit {
            guard cgit2_flush_file_system(root.number) == 0 else { throw LibGit2.systemError("syncfs") }
        } else {
            for file in descriptors {
                guard fsync(file.number) == 0 else { throw LibGit2.systemError("fsync") }
            }
        }
        descriptors = []
    }

    private mutating func append(_ file: OpenFile) {
        guard !isOverLimit else { return }
        descriptors.append(file)
        guard descriptors.count > Self.limit else { return }
        isOverLimit = true
        descriptors = []
    }
}

/// A shared open file, closed when the last reference goes.
final class OpenFile: Sendable {
    private let descriptor: OwnedDescriptor
    var number: Int32 { descriptor.number }

    init(_ path: String, in folder: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0) throws(GitError) {
        descriptor = try OwnedDescriptor(path, in: folder, flags: flags, mode: mode)
    }

    /// Takes over a descriptor.
    init(_ number: Int32) { descriptor = OwnedDescriptor(number) }

    /// Opens an entry of `folder` by its bytes, which need not be UTF-8.
    init(_ name: [UInt8], in folder: OpenFile, flags: Int32, mode: mode_t = 0) throws(GitError) {
        let number = withCString(name) { openat(folder.number, $0, flags | O_NOFOLLOW | O_CLOEXEC, mode) }
        guard number >= 0 else { throw LibGit2.systemError("open") }
        descriptor = OwnedDescriptor(number)
    }
}

/// Lends `name` with a zero byte behind it. The caller has checked that it holds none itself.
func withCString<Value>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
    body(name.map { CChar(bitPattern: $0) } + [0])
}
