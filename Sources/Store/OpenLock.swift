import Foundation

/// An exclusive lock between processes, held while the database is opened; the kernel drops it when its holder dies.
struct OpenLock: ~Copyable {
    private let descriptor: Int32

    /// Waits for the lock.
    init(path: String) throws {
        descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: path) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileFault(operation: "lock", path: path) }
        }
    }

    consuming func release() {}

    deinit { close(descriptor) }
}
