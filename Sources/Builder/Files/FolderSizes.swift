/// Counts what folders take on disk. A file with several names counts once, for the folder that it was first seen in.
public struct FolderSizes {
    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Folders within one another that are looked into.
    private static let depth = 256

    private var seen: Set<File> = []
    /// Entries that may still be looked at.
    private var left: Int
    /// Whether all that there is was counted.
    public private(set) var isWhole = true

    /// - Parameter limit: entries that are looked at; who owns a folder may have filled it with any number.
    public init(limit: Int = .max) { left = limit }

    /// Bytes that the folder adds to those counted before; 0 when there is none. Never follows a link. Blocks.
    public mutating func add(_ path: String) -> Int {
        guard let folder = try? FolderHandle(path: path) else { return 0 }
        return count(folder, depth: 1)
    }

    private mutating func count(_ folder: borrowing FolderHandle, depth: Int) -> Int {
        var bytes = 0
        let names = (try? folder.entries(atMost: left == .max ? left : left + 1)) ?? []
        if names.count > left { isWhole = false }
        for name in names.prefix(left) {
            guard left > 0 else {
                isWhole = false
                break
            }
            if left != .max { left -= 1 }
            // What went away meanwhile takes nothing.
            guard let status = try? folder.status(name) else { continue }
            if status.kind == .folder {
                bytes += status.allocated
                guard depth < Self.depth else {
                    isWhole = false
                    continue
                }
                if let child = try? folder.folder(name) { bytes += count(child, depth: depth + 1) }
            } else if status.links == 1 || seen.insert(File(device: status.device, inode: status.inode)).inserted {
                bytes += status.allocated
            }
        }
        return bytes
    }
}
