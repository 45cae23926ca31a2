import Foundation

/// A system call on a file that failed. For the operator's log; callers see a general message.
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

/// Files that only the server's own user may read.
enum PrivateFile {
    /// Makes a folder of mode 0700 with its parents; one that is there keeps its mode.
    static func makeDirectory(_ path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Makes an empty file of mode 0600 when there is none.
    static func touch(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "create", path: path) }
        close(descriptor)
    }

    /// Writes a file of mode 0600 so that after a crash it is there whole or not at all.
    static func write(_ bytes: Data, to path: String) throws {
        let temporary = "\(path).\(UUID().uuidString).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "create", path: temporary) }
        do {
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw FileFault(operation: "fsync", path: temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard Foundation.rename(temporary, path) == 0 else {
            let fault = FileFault(operation: "rename", path: path)
            unlink(temporary)
            throw fault
        }
        try syncDirectory((path as NSString).deletingLastPathComponent)
    }

    /// Gives a file another name in its folder, durably.
    static func rename(_ path: String, to other: String) throws {
        guard Foundation.rename(path, other) == 0 else { throw FileFault(operation: "rename", path: path) }
        try syncDirectory((other as NSString).deletingLastPathComponent)
    }

    /// Makes the names in a folder durable.
    static func syncDirectory(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFault(operation: "fsync", path: path) }
    }

    /// Writes every byte, whatever the kernel takes at a time.
    static func writeAll(_ bytes: some DataProtocol, to descriptor: Int32, path: String) throws {
        for region in bytes.regions {
            try region.withUnsafeBytes { buffer in
                var offset = 0
                while offset < buffer.count {
                    let written = Foundation.write(
                        descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                    if written > 0 {
                        offset += written
                    } else if errno != EINTR {
                        throw FileFault(operation: "write", path: path)
                    }
                }
            }
        }
    }
}
