import Glibc

/// The bytes of a complete pack, in memory or in a file, read at any place.
final class PackStorage {
    private enum Place {
        case memory(ObjectBytes)
        case file(OpenFile)
    }

    private static let windowSize = 1 << 17

    let size: Int
    private let place: Place
    /// What was read last from a file.
    private let window: ObjectBytes?

    init(_ bytes: [UInt8]) throws(GitError) {
        size = bytes.count
        place = try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in
            .memory(ObjectBytes(copying: buffer))
        }
        window = nil
    }

    convenience init(path: String) throws(GitError) { try self.init(OpenFile(path, flags: O_RDONLY)) }

    init(_ file: OpenFile) throws(GitError) {
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw LibGit2.systemError("fstat") }
        size = Int(status.st_size)
        place = .file(file)
        window = ObjectBytes(count: Self.windowSize)
    }

    /// Whether the pack is in a file already.
    var isFile: Bool { window != nil }

    /// Lends the bytes from `offset`, at most `limit` and at least one unless it is at the end.
    func withBytes<Value>(
        at offset: Int, limit: Int, _ body: (UnsafeRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        let limit = max(0, min(limit, size - offset))
        switch place {
        case .memory(let bytes):
            return try bytes.withBytes { (bytes) throws(GitError) in
                try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + limit]))
            }
        case .file:
            guard let window else { throw Self.short }
            return try window.withMutableBytes { (window) throws(GitError) in
                let part = UnsafeMutableRawBufferPointer(rebasing: window.prefix(limit))
                let count = try read(at: offset, into: part)
                return try body(UnsafeRawBufferPointer(rebasing: part[..<count]))
            }
        }
    }

    /// Copies bytes from `offset` until `output` is full or the pack ends.
    func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(GitError) -> Int {
        switch place {
        case .memory(let bytes):
            let count = max(0, min(output.count, size - offset))
            try bytes.withBytes { (bytes) throws(GitError) in
                output.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            return count
        case .file(let file):
            var done = 0
            while done < output.count {
                let count = pread(
                    file.number, output.baseAddress.map { $0 + done }, output.count - done, off_t(offset + done))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw LibGit2.systemError("read") }
                if count == 0 { break }
                done += count
            }
            return done
        }
    }

    /// Whether a file holds the same bytes.
    func equals(fileAt path: String) throws(GitError) -> Bool {
        guard FileSystem.exists(path) else { return false }
        let other = try PackStorage(path: path)
        guard other.size == size else { return false }
        var position = 0
        while position < size {
            let count = try withBytes(at: position, limit: Self.windowSize) { (bytes) throws(GitError) in
                try other.withBytes(at: position, limit: bytes.count) { (others) throws(GitError) in
                    guard bytes.count == others.count, let left = bytes.baseAddress, let right = others.baseAddress,
                        memcmp(left, right, bytes.count) == 0
                    else { return 0 }
                    return bytes.count
                }
            }
            guard count > 0 else { return false }
            position += count
        }
        return true
    }

    private static let short = GitError(.system(EIO), "the pack's file is shorter than it was", operation: "read")
}
