import Glibc

/// Makes a release's folder durable.
enum FileSystemSync {
    /// More new files than this are not synced one by one.
    static let fileLimit = 64

    private typealias Call = @convention(c) (Int32) -> Int32

    /// - Parameter newFiles: how many files were written and not linked; `nil` when that is not known.
    static func sync(_ folder: borrowing FolderHandle, newFiles: Int?) throws(FileError) {
        // syncfs waits for everything that anybody wrote to the file system, an npm install of another app included.
        // Where one journal keeps all folder changes in order, few files are better synced alone: what was linked and
        // made before is in the journal ahead of them.
        if let newFiles, newFiles <= fileLimit, try hasOrderedJournal(folder) {
            try syncNewFiles(in: folder)
            guard fsync(folder.descriptor) == 0 else { throw FileError("fsync", folder.path) }
        } else {
            try syncAll(folder)
        }
    }

    /// The same for files whose names are known, of which there may be many.
    /// - Parameters:
    ///   - folder: the last that was changed.
    ///   - files: absolute paths of all that were written.
    static func sync(_ folder: borrowing FolderHandle, files: [String]) throws(FileError) {
        guard files.count <= fileLimit, try hasOrderedJournal(folder) else { return try syncAll(folder) }
        for path in files {
            let file = try OpenFile(descriptor: open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path: path)
            guard fsync(file.descriptor) == 0 else { throw FileError("fsync", path) }
        }
        guard fsync(folder.descriptor) == 0 else { throw FileError("fsync", folder.path) }
    }

    /// Files with one name are new: the others have one in the previous release as well.
    private static func syncNewFiles(in folder: borrowing FolderHandle) throws(FileError) {
        for name in try folder.entries() {
            let status = try folder.status(name)
            if status.kind == .folder {
                try syncNewFiles(in: folder.folder(name))
            } else if status.kind == .file, status.links == 1 {
                let file = try folder.file(name)
                guard fsync(file.descriptor) == 0 else { throw FileError("fsync", file.path) }
            }
        }
    }

    /// ext4 and XFS. The kind is looked up by the device's number in the list of mounts (proc(5), "mountinfo"): fields
    /// divided by spaces, the third `major:minor`, the one after a lone `-` the kind.
    private static func hasOrderedJournal(_ folder: borrowing FolderHandle) throws(FileError) -> Bool {
        let device = try folder.status(FileName(".")).device
        let (major, minor) = (device >> 8 & 0xfff | device >> 32 & ~0xfff, device & 0xff | device >> 12 & ~0xff)
        let list = try OpenFile(descriptor: open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), path: "mountinfo")
        var bytes: [UInt8] = []
        try list.read { bytes.append(contentsOf: $0) }
        let number = Array("\(major):\(minor)".utf8)
        return bytes.split(separator: UInt8(ascii: "\n")).contains { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 3, fields[2].elementsEqual(number),
                let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash + 1 < fields.count
            else { return false }
            return fields[dash + 1].elementsEqual("ext4".utf8) || fields[dash + 1].elementsEqual("xfs".utf8)
        }
    }

    /// syncfs(2): one journal commit instead of one for each file and folder of a tree.
    private static func syncAll(_ folder: borrowing FolderHandle) throws(FileError) {
        // glibc declares syncfs for _GNU_SOURCE only, which Swift's Glibc module is built without; the symbol is there.
        guard let symbol = dlsym(nil, "syncfs") else { throw FileError("syncfs", folder.path, errno: ENOSYS) }
        guard unsafeBitCast(symbol, to: Call.self)(folder.descriptor) == 0 else {
            throw FileError("syncfs", folder.path)
        }
    }
}
