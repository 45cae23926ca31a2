import Core
import Foundation
import Glibc

/// Small files of the host: state below the runtime folder, `/proc`, `/sys`. All of them are in memory, so that reading
/// and writing them does not wait for a disk.
enum HostFiles {
    static func makeDirectory(_ path: String, mode: Int = 0o700) throws(PlatformError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw .internal("could not make a runtime folder", cause: error)
        }
    }

    /// Writes by a temporary file and a rename, so that a reader never sees half of it.
    static func write(_ data: Data, to path: String, mode: mode_t = 0o600) throws(PlatformError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        let isComplete = data.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                if count < 0, errno != EINTR { return false }
                offset += max(0, count)
            }
            return true
        }
        guard isComplete, fchmod(descriptor, mode) == 0, rename(temporary, path) == 0 else {
            let error = failure("write", path)
            unlink(temporary)
            throw error
        }
    }

    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws(PlatformError) {
        try write(Data(text.utf8), to: path, mode: mode)
    }

    /// Writes into a file that a kernel interface provides. False when it refuses.
    @discardableResult
    static func set(_ path: String, _ text: String) -> Bool {
        // What it held is replaced, as a shell's `>` does.
        let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == text.utf8.count
    }

    static func text(_ path: String) -> String? {
        // Read to its end: the kernel's own files have no size, and give a page at a time.
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() ?? Data() else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Names in a folder, sorted; empty when there is no such folder.
    static func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// Removes a file or a folder with what is in it; fine when there is none.
    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    static func failure(_ what: String, _ path: String) -> PlatformError {
        PlatformError(.internal, "a runtime file could not be written", cause: "\(what) \(path): \(errnoText())")
    }

    static func errnoText(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
}
