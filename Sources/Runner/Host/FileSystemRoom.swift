import Core
import Glibc

/// The room on file systems (statvfs(3)).
public enum FileSystemRoom {
    /// What is left for the server itself on the file system of `path`; `nil` when that cannot be told.
    public static func at(_ path: String) -> DiskRoom? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        let size = Int(info.f_frsize)
        // Some file systems make places for files as they need them, and tell of none.
        return DiskRoom(
            total: Int(info.f_blocks) * size, free: Int(info.f_bavail) * size,
            freeEntries: info.f_files > 0 ? Int(info.f_favail) : nil)
    }
}
