import Glibc

/// What `lstat` says of an entry, as far as it matters here.
struct FileStatus {
    enum Kind { case file, folder, symlink, special }

    let kind: Kind
    /// Permission and set-id bits.
    let mode: mode_t
    let device: UInt64
    let inode: UInt64
    /// Names that the file has.
    let links: Int
    /// Bytes.
    let size: Int
    /// Bytes on the disk.
    let allocated: Int
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .symlink
            default: .special
            }
        mode = status.st_mode & 0o7777
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        links = Int(status.st_nlink)
        size = Int(status.st_size)
        allocated = Int(status.st_blocks) * 512
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
    }
}

/// An open folder. Everything in it is reached through its descriptor and without following symlinks, so that a
/// tenant's links cannot lead anywhere. Closed when it goes.
struct FolderHandle: ~Copyable {
    let descriptor: Int32
    /// For error texts only.
    let path: String

    /// Opens an absolute path; the last part must be a real folder.
    init(path: String) throws(FileError) {
        try self.init(descriptor: open(path, Self.flags), path: path)
    }

    private init(descriptor: Int32, path: String) throws(FileError) {
        guard descriptor >= 0 else { throw FileError("open folder", path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    func folder(_ name: FileName) throws(FileError) -> FolderHandle {
        try FolderHandle(descriptor: openat(descriptor, name.characters, Self.flags), path: "\(path)/\(name)")
    }

    /// Goes down folder by folder; none of the parts may be a symlink.
    func folder(_ parts: some Sequence<String>) throws(FileError) -> FolderHandle {
        var current = try folder(FileName("."))
        for part in parts { current = try current.folder(FileName(part)) }
        return current
    }

    /// Opens a regular file for reading. A FIFO or a device that took its place does not block.
    func file(_ name: FileName) throws(FileError) -> OpenFile {
        try OpenFile(
            descriptor: openat(descriptor, name.characters, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
            path: "\(path)/\(name)")
    }

    func status(_ name: FileName) throws(FileError) -> FileStatus {
        var status = stat()
        guard fstatat(descriptor, name.characters, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw FileError("stat", "\(path)/\(name)")
        }
        return FileStatus(status)
    }

    /// The text of a symlink, `nil` when it is not UTF-8.
    func symlink(_ name: FileName) throws(FileError) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(descriptor, name.characters, &buffer, Int(PATH_MAX))
        guard count >= 0 else { throw FileError("readlink", "\(path)/\(name)") }
        return String(validating: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The names in the folder without `.` and `..`, in the order of their bytes.
    /// - Parameter limit: how many at most; which ones is left open.
    func entries(atMost limit: Int = .max) throws(FileError) -> [FileName] {
        var names: [FileName] = []
        try list(atMost: limit) { name, _ in names.append(name) }
        return names.sorted()
    }

    /// The same in no order, with what each one is: no call for each, where the file system tells that with the name.
    func entriesWithKinds() throws(FileError) -> [(name: FileName, kind: FileStatus.Kind)] {
        var found: [(FileName, UInt8)] = []
        try list(atMost: .max) { found.append(($0, $1)) }
        var entries: [(name: FileName, kind: FileStatus.Kind)] = []
        entries.reserveCapacity(found.count)
        for (name, type) in found {
            let kind: FileStatus.Kind =
                switch Int(type) {
                case Int(DT_REG): .file
                case Int(DT_DIR): .folder
                case Int(DT_LNK): .symlink
                case Int(DT_UNKNOWN): try status(name).kind
                default: .special
                }
            entries.append((name, kind))
        }
        return entries
    }

    /// - Parameter each: gets the name and the `d_type` of readdir(3).
    private func list(atMost limit: Int, _ each: (FileName, UInt8) -> Void) throws(FileError) {
        // A descriptor of its own: a duplicate would share the read position.
        let own = openat(descriptor, ".", Self.flags)
        guard own >= 0 else { throw FileError("open folder", path) }
        guard let stream = fdopendir(own) else {
            let code = errno
            close(own)
            throw FileError("read folder", path, errno: code)
        }
        defer { closedir(stream) }
        var count = 0
        errno = 0
        while count < limit, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    characters.baseAddress.map { FileName(cString: $0) }
                }
            }
            if let name, !name.isDotOrDotDot {
                each(name, entry.pointee.d_type)
                count += 1
            }
            errno = 0
        }
        guard errno == 0 else { throw FileError("read folder", path) }
    }

    /// Removes a file or, with `isFolder`, an empty folder.
    func unlink(_ name: FileName, isFolder: Bool = false) throws(FileError) {
        guard unlinkat(descriptor, name.characters, isFolder ? AT_REMOVEDIR : 0) == 0 else {
            throw FileError("remove", "\(path)/\(name)")
        }
    }
}

extension FileName {
    fileprivate var isDotOrDotDot: Bool {
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        return characters == [dot, 0] || characters == [dot, dot, 0]
    }
}
