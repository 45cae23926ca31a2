import Glibc

/// How a file or folder looked from outside, so that a change of it can be seen without reading it.
struct FileStamp: Sendable, Equatable {
    let path: String
    private let inode: UInt64
    private let size: Int64
    private let modified: Int64
    private let changed: Int64

    /// What is missing has a stamp too.
    init(_ path: String) {
        self.path = path
        var status = stat()
        guard lstat(path, &status) == 0 else {
            (inode, size, modified, changed) = (0, -1, 0, 0)
            return
        }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    var isMissing: Bool { size < 0 }

    /// Whether it looks the same now.
    var isCurrent: Bool { FileStamp(path) == self }

    /// Whether any change after `moment` is sure to change the stamp: a file system's clock ticks every few milliseconds,
    /// or, where it keeps no fractions, every other second.
    func isSettled(at moment: Int64) -> Bool {
        let latest = max(modified, changed)
        let tick: Int64 = latest % 1_000_000_000 == 0 ? 2_000_000_000 : 20_000_000
        return isMissing || latest < moment - tick
    }

    /// Nanoseconds since 1970, by the clock that files are stamped with.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
