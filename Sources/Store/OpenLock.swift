import Foundation

/// An exclusive lock between processes, held while the database is opened; the kernel drops it when its holder dies.
enum OpenLock {
    /// Waits for the lock on the file `path`, runs `body`, and lets go.
    static func hold<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: path) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileFault(operation: "lock", path: path) }
        }
        return try body()
    }
}
