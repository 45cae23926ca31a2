import Glibc

/// An open regular file. Closed when it goes.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String
    let status: FileStatus

    /// Takes the descriptor over; -1 throws what `errno` says. Throws also when it is not a regular file.
    init(descriptor: Int32, path: String) throws(FileError) {
        guard descriptor >= 0 else { throw FileError("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError("stat", path, errno: code)
        }
        let read = FileStatus(status)
        guard read.kind == .file else {
            close(descriptor)
            throw FileError("open", path, errno: EINVAL)
        }
        self.descriptor = descriptor
        self.path = path
        self.status = read
    }

    deinit { close(descriptor) }

    /// Calls `body` with the content, piece by piece.
    func read(chunk: Int = 256 * 1024, _ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, chunk)
            if count == 0 { return }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("read", path) }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
