import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a second server off a data folder (flock(2)); gone with the process, however it ends.
final class DataLock: Sendable {
    private let descriptor: Int32

    /// Throws `ConfigurationMistake` when another server has the folder.
    init(_ folder: DataFolder) throws {
        let path = "\(folder.run)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationMistake("data", "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ConfigurationMistake("data", "another berthd serves \(folder.root)")
        }
    }

    deinit { close(descriptor) }
}
