import Core
import Glibc

/// What folders with all that is in them take on its file system. Never follows a link; they may change meanwhile.
struct FolderUse: Sendable, Hashable {
    /// In what a limit is exceeded.
    enum Excess: Sendable, Hashable {
        case bytes
        case entries
        /// Nobody knows what lies below.
        case depth
    }

    private struct File: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Bytes of whole blocks. A file with several names takes them once.
    private(set) var bytes = 0
    /// Names of files, folders, links.
    private(set) var entries = 0
    /// Whether there are more than `ContainerTask.folderDepth` folders within one another; deeper ones are not looked into.
    private(set) var isTooDeep = false
    /// Files with several names that are counted.
    private var seen: Set<File> = []

    private static let blockSize = 512

    /// Looks until it is clear that `limit` is exceeded. Blocks.
    static func of(_ paths: [String], until limit: DiskLimit) -> FolderUse {
        var use = FolderUse()
        for path in paths {
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if descriptor >= 0 { use.visit(descriptor, depth: 1, limit: limit) }
        }
        return use
    }

    /// `nil` when the limit holds, as far as it was looked.
    func excess(over limit: DiskLimit) -> Excess? {
        if bytes > limit.bytes { return .bytes }
        if entries > limit.entries { return .entries }
        return isTooDeep ? .depth : nil
    }

    /// Adds files that have no name any more but are open in one of the processes, when they lie on the file system of
    /// `path`.
    /// - Parameter limit: descriptors that are looked at. False when there are more.
    @discardableResult
    mutating func addUnnamedFiles(of processes: [Int32], besides path: String, atMost limit: Int = .max) -> Bool {
        var place = stat()
        guard stat(path, &place) == 0 else { return true }
        var seen: Set<UInt64> = []
        var left = limit
        for process in processes {
            for name in HostFiles.names(in: "/proc/\(process)/fd") {
                guard left > 0 else { return false }
                left -= 1
                var info = stat()
                guard stat("/proc/\(process)/fd/\(name)", &info) == 0, info.st_nlink == 0,
                    info.st_dev == place.st_dev, info.st_mode & S_IFMT == S_IFREG,
                    seen.insert(UInt64(info.st_ino)).inserted
                else { continue }
                bytes += Int(info.st_blocks) * Self.blockSize
            }
        }
        return true
    }

    /// Closes the descriptor.
    private mutating func visit(_ descriptor: Int32, depth: Int, limit: DiskLimit) {
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream), excess(over: limit) == nil {
            let isSelf = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes[0] == 0x2e && (bytes[1] == 0 || bytes[1] == 0x2e && bytes[2] == 0)
            }
            if isSelf { continue }
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    count(name, in: descriptor, depth: depth, limit: limit)
                }
            }
        }
    }

    private mutating func count(_ name: UnsafePointer<CChar>, in folder: Int32, depth: Int, limit: DiskLimit) {
        var info = stat()
        guard fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        entries += 1
        let isFolder = info.st_mode & S_IFMT == S_IFDIR
        let file = File(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
        if isFolder || info.st_nlink < 2 || seen.insert(file).inserted {
            bytes += Int(info.st_blocks) * Self.blockSize
        }
        guard isFolder else { return }
        guard depth < ContainerTask.folderDepth else {
            isTooDeep = true
            return
        }
        let child = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if child >= 0 { visit(child, depth: depth + 1, limit: limit) }
    }
}
