import Foundation
import Glibc

/// Bytes that are made for a pack before it is sent: in memory while they are few, in a file without
/// a name from then on.
struct PackSpool: ~Copyable {
    private static let memoryLimit = 4 << 20
    /// Bytes that are written between two looks at what the disk has left.
    private static let roomInterval = 8 << 20

    private let folder: String
    private let diskRoom: @Sendable () -> Int?
    private var memory: [UInt8] = []
    private var file: SpoolFile?
    private(set) var size = 0
    /// Written since the last look at what the disk has left; there was none yet.
    private var unseen = PackSpool.roomInterval

    /// - Parameters:
    ///   - folder: where the file is made, when one is needed.
    ///   - diskRoom: tells the bytes on disk that there are; once they are too few, `.tooLarge` is thrown.
    init(folder: String, diskRoom: @escaping @Sendable () -> Int? = { nil }) {
        self.folder = folder
        self.diskRoom = diskRoom
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        size += bytes.count
        if let file {
            try checkRoom(for: bytes.count)
            return try FileSystem.write(bytes, to: file.descriptor.number)
        }
        memory.append(contentsOf: bytes)
        guard memory.count > Self.memoryLimit else { return }
        try checkRoom(for: memory.count)
        let file = try SpoolFile(folder: folder)
        try FileSystem.write(memory, to: file.descriptor.number)
        memory = []
        self.file = file
    }

    /// Many clients may have packs made at once, so it is asked again and again.
    private mutating func checkRoom(for bytes: Int) throws(GitError) {
        unseen += bytes
        guard unseen >= Self.roomInterval else { return }
        unseen = 0
        guard let room = diskRoom(), room < bytes else { return }
        throw GitError(
            .tooLarge, "this server's disk is nearly full: the pack could not be made; its operator can make room",
            operation: "spool")
    }

    /// What was written, to be read.
    consuming func finish() -> SpooledPack {
        SpooledPack(size: size, memory: memory, file: file)
    }
}

/// What was written to a spool.
struct SpooledPack: Sendable {
    let size: Int
    private let memoryBytes: [UInt8]
    private let file: SpoolFile?

    fileprivate init(size: Int, memory: [UInt8], file: SpoolFile?) {
        self.size = size
        memoryBytes = memory
        self.file = file
    }

    /// All bytes of a range. Blocks.
    func bytes(_ range: Range<Int>) throws(GitError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var filled = 0
        var failure: GitError?
        bytes.withUnsafeMutableBytes { target in
            while filled < range.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
                do throws(GitError) {
                    filled += try read(at: range.lowerBound + filled, into: rest)
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Copies bytes from `offset` into `target` and returns how many; none at the end. Blocks.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(GitError) -> Int {
        let count = min(target.count, size - offset)
        guard count > 0 else { return 0 }
        guard let file else {
            memoryBytes.withUnsafeBytes { bytes in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            return count
        }
        let got = pread(file.descriptor.number, target.baseAddress, count, off_t(offset))
        guard got > 0 else { throw LibGit2.systemError("read") }
        return got
    }
}

/// A file that goes when it is closed.
final class SpoolFile: Sendable {
    static let prefix = "spool-"

    let descriptor: OwnedDescriptor

    init(folder: String) throws(GitError) {
        let path = "\(folder)/\(Self.prefix)\(UUID().uuidString)"
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = open(path, flags, 0o600)
        guard number >= 0 else { throw LibGit2.systemError("open") }
        unlink(path)
        descriptor = OwnedDescriptor(number)
    }
}
