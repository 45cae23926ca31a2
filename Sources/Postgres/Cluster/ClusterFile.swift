import Foundation

/// A system call on a file that failed. For the operator's log only.
struct FileFault: Error, CustomStringConvertible {
    let operation: String
    let path: String
    let code: Int32

    init(operation: String, path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

/// The files that the server itself writes for a cluster. Blocks.
enum ClusterFile {
    /// Makes a folder with its parents when there is none.
    static func makeDirectory(_ path: String, mode: Int = 0o700) throws {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    }

    /// Writes a file of mode 0600 so that after a crash it is there whole or not at all. Never follows a link.
    static func write(_ text: String, to path: String, owner: ClusterAccount? = nil) throws {
        let temporary = "\(path).\(UUID().uuidString).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "create", path: temporary) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let isWritten = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) } == bytes.count
        let isOwned = owner.map { fchown(descriptor, $0.user, $0.group) == 0 } ?? true
        guard isWritten, isOwned, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            let fault = FileFault(operation: "write", path: path)
            unlink(temporary)
            throw fault
        }
        try syncDirectory((path as NSString).deletingLastPathComponent)
    }

    /// The content without its last line end; `nil` when there is no such file.
    static func read(_ path: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// The last line of a file that may be long.
    static func lastLine(_ path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path), let end = try? handle.seekToEnd() else { return nil }
        defer { try? handle.close() }
        try? handle.seek(toOffset: end > 4096 ? end - 4096 : 0)
        guard let bytes = try? handle.readToEnd() else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init)
    }

    /// Makes the names in a folder durable.
    static func syncDirectory(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFault(operation: "fsync", path: path) }
    }

    /// Whether every user may go down to `path` from the root folder. The last part itself is not looked at.
    static func isTraversable(_ path: String) -> Bool {
        var folder = (path as NSString).deletingLastPathComponent
        while !folder.isEmpty {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
            if folder == "/" { return true }
            folder = (folder as NSString).deletingLastPathComponent
        }
        return false
    }
}
