import Glibc

/// A file that is kept open, and with it its inode, whatever becomes of its name.
final class HeldFile: Sendable {
    private let descriptor: Int32

    /// `nil` when there is no such file.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }
}
