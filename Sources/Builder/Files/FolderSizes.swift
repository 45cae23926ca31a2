/// Counts what folders take on disk. A file with several names counts once, for the folder that it was first seen in.
public struct FolderSizes {
    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// Folders within one another that are looked into.
    private static let depth = 256

    private var seen: Set<File> = []

    public init() {}

    /// Bytes that the folder adds to those counted before; 0 when there is none. Never follows a link. Blocks.
    public mutating func add(_ path: String) -> Int {
        guard let folder = try? FolderHandle(path: path) else { return 0 }
        return count(folder, depth: 1)
    }

    private mutating func count(_ folder: borrowing FolderHandle, depth: Int) -> Int {
        var bytes = 0
        for name in (try? folder.entries()) ?? [] {
            // What went away meanwhile takes nothing.
            guard let status = try? folder.status(name) else { continue }
            if status.kind == .folder {
                bytes += status.allocated
                if depth < Self.depth, let child = try? folder.folder(name) { bytes += count(child, depth: depth + 1) }
            } else if status.links == 1 || seen.insert(File(device: status.device, inode: status.inode)).inserted {
                bytes += status.allocated
            }
        }
        return bytes
    }
}
