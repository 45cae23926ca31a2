import Foundation
import Glibc

/// A descriptor that is closed when the value goes.
struct OwnedDescriptor: ~Copyable, Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    /// Opens `path`, relative to `folder` when that is given. Never follows a link in the last part.
    init(
        _ path: String, in folder: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0
    ) throws(GitError) {
        let number = openat(folder, path, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        guard number >= 0 else { throw LibGit2.systemError("open") }
        self.number = number
    }

    deinit { close(number) }
}

/// The file work that the git code shares. Every function blocks: call them on a thread of the pool.
enum FileSystem {
    /// The content of a small file, `nil` when there is none.
    static func contents(of path: String) throws(GitError) -> [UInt8]? {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LibGit2.systemError("open")
        }
        let descriptor = OwnedDescriptor(number)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw LibGit2.systemError("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor.number, $0.baseAddress.map { $0 + count }, $0.count - count, off_t(count))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw LibGit2.systemError("read") }
            if got == 0 { break }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(GitError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LibGit2.systemError("write") }
            rest = rest.dropFirst(count)
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(GitError) {
        try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try write(buffer, to: descriptor) }
    }

    /// Makes `path` durable: a file's bytes, or a folder's list of names.
    static func flush(_ path: String) throws(GitError) {
        let descriptor = try OwnedDescriptor(path, flags: O_RDONLY)
        guard fsync(descriptor.number) == 0 else { throw LibGit2.systemError("fsync") }
    }

    /// Writes a whole new file, or none; it must not exist.
    static func create(_ path: String, _ text: String, mode: mode_t = 0o644) throws(GitError) {
        let descriptor = try OwnedDescriptor(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do throws(GitError) {
            try write(Array(text.utf8), to: descriptor.number)
            guard fsync(descriptor.number) == 0 else { throw LibGit2.systemError("fsync") }
        } catch {
            // On a full disk: what is half made would be taken for somebody's lock.
            unlink(path)
            throw error
        }
    }

    /// Replaces a file by way of `<path>.lock`, which also keeps other git programs away.
    static func replace(_ path: String, _ text: String) throws(GitError) {
        let lock = path + ".lock"
        try create(lock, text)
        guard rename(lock, path) == 0 else {
            let error = LibGit2.systemError("rename")
            unlink(lock)
            throw error
        }
        try flush(parent(of: path))
    }

    static func makeFolder(_ path: String) throws(GitError) {
        guard mkdir(path, 0o755) == 0 else { throw LibGit2.systemError("mkdir") }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a folder and all in it, links themselves and not what they point to. Fine when there is none.
    static func removeTree(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The names in a folder, none when it cannot be read.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The names in a folder that end in `suffix`; `nil` when they cannot all be read. A folder that is missing has none.
    static func names(in path: String, endingWith suffix: String) -> [String]? {
        guard let folder = opendir(path) else { return errno == ENOENT ? [] : nil }
        defer { closedir(folder) }
        let ending = Array(suffix.utf8)
        var names: [String] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes -> String? in
                let length = bytes.firstIndex(of: 0) ?? bytes.count
                guard bytes[..<length].suffix(ending.count).elementsEqual(ending) else { return nil }
                return String(validating: UnsafeRawBufferPointer(rebasing: bytes[..<length]), as: UTF8.self)
            }
            if let name { names.append(name) }
            errno = 0
        }
        return errno == 0 ? names : nil
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Bytes of a file; `nil` when it is not there.
    static func size(of path: String) -> Int? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// When the file's bytes and when anything of it were changed, seconds since 1970; `nil` when it is not there.
    static func times(of path: String) -> (modified: Int, changed: Int)? {
        var status = stat()
        return stat(path, &status) == 0 ? (status.st_mtim.tv_sec, status.st_ctim.tv_sec) : nil
    }

    /// The path without its last part.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
