#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Opens files below a folder without ever leaving it: each part of the path is opened relative to the one before, and
/// a symbolic link anywhere ends the search. Blocking: for a thread pool.
enum BeneathFile {
    struct Failure: Error, Equatable {
        let code: Int32
    }

    /// Opens the regular file at `path` below `root` for reading. `size` is what the file must have.
    /// Throws `Failure` with the errno of the call that failed; ENOENT also for everything that is not such a file.
    static func open(root: String, path: String, size: Int) throws(Failure) -> CInt {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) })
        else { throw Failure(code: ENOENT) }
        var folder = openFolder(AT_FDCWD, root)
        for part in parts.dropLast() {
            guard folder >= 0 else { break }
            let next = openFolder(folder, String(part))
            let code = errno
            close(folder)
            folder = next
            errno = code
        }
        guard folder >= 0 else { throw Failure(code: errno) }
        // Without O_NONBLOCK a named pipe would block for ever.
        let file = openat(folder, String(parts[parts.count - 1]), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        let code = errno
        close(folder)
        guard file >= 0 else { throw Failure(code: code) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == size else {
            close(file)
            throw Failure(code: ENOENT)
        }
        return file
    }

    /// Reads a whole file that `open` would open.
    static func read(root: String, path: String, size: Int) throws(Failure) -> [UInt8] {
        let file = try open(root: root, path: path, size: size)
        defer { close(file) }
        return try read(file, 0..<size)
    }

    /// Reads a part of an open file, all of it.
    static func read(_ file: CInt, _ range: Range<Int>) throws(Failure) -> [UInt8] {
        var code: Int32 = 0
        let size = range.count
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let part = pread(
                    file, buffer.baseAddress.map { $0 + count }, size - count, off_t(range.lowerBound + count))
                if part < 0, errno == EINTR { continue }
                guard part > 0 else {
                    code = part < 0 ? errno : EIO
                    return
                }
                count += part
            }
        }
        guard code == 0 else { throw Failure(code: code) }
        return bytes
    }

    /// Closes what `open` has opened.
    static func close(_ file: CInt) {
        #if canImport(Glibc)
            _ = Glibc.close(file)
        #elseif canImport(Musl)
            _ = Musl.close(file)
        #else
            _ = Darwin.close(file)
        #endif
    }

    private static func openFolder(_ parent: CInt, _ name: String) -> CInt {
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
}
