import Core
import Glibc

/// Makes the files of a checkout and counts them.
struct FileWriter {
    /// Bytes that are written between two looks at what the disk has left.
    private static let roomInterval = 8 << 20
    /// Bytes that a file takes at least.
    private static let leastFile = 4096

    let account: UInt32?
    private let limits: CheckoutLimits
    private let allowance: ReleaseAllowance
    var flushes = FlushList()
    private var files = 0
    private var linked = 0
    /// Written.
    private var bytes = 0
    /// Of all files, linked ones too.
    private var total = 0
    /// Written since the last look at what the disk has left; there was none yet.
    private var unseen = FileWriter.roomInterval

    init(account: UInt32?, limits: CheckoutLimits, allowance: ReleaseAllowance) {
        self.account = account
        self.limits = limits
        self.allowance = allowance
    }

    var report: CheckoutReport { CheckoutReport(files: files, linked: linked, bytes: bytes) }

    /// Throws `.unusable` when so many files and folders are too many.
    func check(entries: Int) throws(GitError) {
        do throws(PlatformError) { try allowance.check(entries: entries) } catch { throw Self.refusal(error) }
        guard entries <= limits.entries else {
            throw GitError(.unusable, "more than \(limits.entries) files and folders", operation: "checkout")
        }
    }

    /// Links the file from the previous checkout. False when it is not there as it was written.
    mutating func hardLink(
        _ entry: CheckoutEntry, from previous: OpenFile, in folder: OpenFile
    ) throws(GitError) -> Bool {
        let size: Int? = withCString(entry.name) { name in
            var status = stat()
            guard fstatat(previous.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & ~mode_t(S_IFMT) == Self.mode(entry), status.st_mode & S_IFMT == S_IFREG,
                status.st_uid == account ?? geteuid(), linkat(previous.number, name, folder.number, name, 0) == 0
            else { return nil }
            return Int(status.st_size)
        }
        guard let size else { return false }
        try count(size)
        files += 1
        linked += 1
        return true
    }

    /// Writes a file with the content of its blob; a large one piece by piece, so that it is never in memory.
    mutating func write(
        _ entry: CheckoutEntry, in folder: OpenFile, _ repository: borrowing Repository, _ blobs: inout BlobStream
    ) throws(GitError) {
        var large: (file: OpenFile, size: Int)?
        let isWritten = try blobs.read(entry.id) { (size) throws(GitError) in
            large = (try self.begin(entry, size: size, in: folder), size)
        } _: { (piece) throws(GitError) in
            if let file = large?.file { try FileSystem.write(piece, to: file.number) }
        }
        if isWritten, let large { return try finish(large.file, entry, size: large.size) }
        try repository.objects.read(entry.id, as: .blob) { (bytes) throws(GitError) in
            try self.write(bytes, entry: entry, in: folder)
        }
    }

    mutating func write(
        _ content: UnsafeRawBufferPointer, entry: CheckoutEntry, in folder: OpenFile
    ) throws(GitError) {
        let file = try begin(entry, size: content.count, in: folder)
        try FileSystem.write(content, to: file.number)
        try finish(file, entry, size: content.count)
    }

    /// Makes a file that is to be filled piece by piece and then finished.
    mutating func begin(_ entry: CheckoutEntry, size: Int, in folder: OpenFile) throws(GitError) -> OpenFile {
        try count(size)
        try checkRoom(for: size)
        bytes += size
        return try OpenFile(entry.name, in: folder, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    }

    mutating func finish(_ file: OpenFile, _ entry: CheckoutEntry, size: Int) throws(GitError) {
        try own(file, mode: Self.mode(entry))
        flushes.add(file, size: size)
        files += 1
    }

    mutating func link(_ name: [UInt8], to target: [UInt8], in folder: OpenFile) throws(GitError) {
        let status = withCString(target) { target in
            withCString(name) { name in
                guard symlinkat(target, folder.number, name) == 0 else { return Int32(-1) }
                guard let account else { return 0 }
                return fchownat(folder.number, name, account, account, AT_SYMLINK_NOFOLLOW)
            }
        }
        guard status == 0 else { throw LibGit2.systemError("symlink") }
        files += 1
    }

    func makeFolder(_ name: [UInt8], in parent: OpenFile) throws(GitError) -> OpenFile {
        guard withCString(name, { mkdirat(parent.number, $0, 0o755) }) == 0 else {
            throw LibGit2.systemError("mkdir")
        }
        let folder = try OpenFile(name, in: parent, flags: O_RDONLY | O_DIRECTORY)
        try own(folder, mode: 0o755)
        return folder
    }

    /// Gives a file its mode, whatever the process's mask, and its owner.
    func own(_ file: OpenFile, mode: mode_t) throws(GitError) {
        guard fchmod(file.number, mode) == 0 else { throw LibGit2.systemError("chmod") }
        if let account, fchown(file.number, account, account) != 0 { throw LibGit2.systemError("chown") }
    }

    private mutating func count(_ size: Int) throws(GitError) {
        total += size
        do throws(PlatformError) { try allowance.check(bytes: total) } catch { throw Self.refusal(error) }
        guard total <= limits.bytes else {
            throw GitError(
                .unusable, "the files are more than \(ByteCount.text(limits.bytes))", operation: "checkout")
        }
    }

    /// Asks the file system now and then: few bytes that nobody saw do no harm, and a question for each of thousands of
    /// small files would.
    private mutating func checkRoom(for size: Int) throws(GitError) {
        unseen += max(size, Self.leastFile)
        guard unseen >= Self.roomInterval else { return }
        unseen = 0
        do throws(PlatformError) { try allowance.checkRoom(adding: size) } catch { throw Self.refusal(error) }
    }

    private static func refusal(_ error: PlatformError) -> GitError {
        GitError(error.code == .buildFailed ? .unusable : .tooLarge, error.message, operation: "checkout")
    }

    private static func mode(_ entry: CheckoutEntry) -> mode_t { entry.kind == .executable ? 0o755 : 0o644 }
}
