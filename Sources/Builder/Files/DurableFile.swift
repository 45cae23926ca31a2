import Glibc

/// Files that are there whole or not at all, also after a power cut.
enum DurableFile {
    /// Writes `bytes` to a temporary file beside `path`, fsyncs it, renames it and fsyncs the folder.
    static func write(_ bytes: [UInt8], name: String, in folder: borrowing FolderHandle) throws(FileError) {
        let temporary = "\(name).tmp"
        let shown = "\(folder.path)/\(temporary)"
        let descriptor = openat(
            folder.descriptor, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("create", shown) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", shown) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw FileError("fsync", shown) }
        guard renameat(folder.descriptor, temporary, folder.descriptor, name) == 0 else {
            throw FileError("rename", shown)
        }
        guard fsync(folder.descriptor) == 0 else { throw FileError("fsync", folder.path) }
    }

    /// The whole content of a small file, `nil` when there is none.
    static func read(name: String, in folder: borrowing FolderHandle) throws(FileError) -> [UInt8]? {
        do {
            let file = try folder.file(FileName(name))
            var bytes: [UInt8] = []
            bytes.reserveCapacity(file.status.size)
            try file.read { bytes.append(contentsOf: $0) }
            return bytes
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }
}
