import Glibc

/// Whole files in a folder of ours.
enum SmallFile {
    /// Makes a file that is not there yet. It is durable after `FileSystemSync` only: a release is known to nobody
    /// before that, so a half-written file is never read.
    static func create(_ bytes: [UInt8], name: String, in folder: borrowing FolderHandle) throws(FileError) {
        let shown = "\(folder.path)/\(name)"
        let descriptor = openat(folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("create", shown) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", shown) }
            rest = rest.dropFirst(count)
        }
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
