import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a second server off a data folder (flock(2)); gone with the process, however it ends.
final class DataLock: Sendable {
    /// Closed when the object goes, also when `init` throws after it was opened.
    private let descriptor: Int32

    /// Throws `ConfigurationMistake` when another server has the folder.
    init(_ folder: DataFolder) throws {
        let path = "\(folder.run)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationMistake("data", "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard Self.take(descriptor) else {
            throw ConfigurationMistake("data", "another berthd serves \(folder.root)")
        }
        let holder = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, holder, holder.count, 0) == holder.count else {
            throw ConfigurationMistake("data", "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// For half a second: who asks for the holder has the lock for a moment, and so has a program that a killed server was
    /// starting.
    private static func take(_ descriptor: Int32) -> Bool {
        for _ in 0..<50 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(10_000)
        }
        return false
    }

    /// The process that has the folder now, `nil` when none has.
    static func holder(_ folder: DataFolder) -> Int32? {
        let path = "\(folder.run)/lock"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    deinit { close(descriptor) }
}
