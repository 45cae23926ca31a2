import Core

/// Watches what a task writes to disk. The room on the file system is looked at often, which costs nothing; the task's
/// folders are gone through only when room went away, and never for more than a tenth of the time.
struct DiskWatch: Sendable {
    private static let shortestPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(5)
    /// So much of the limit may go unnoticed between two walks.
    private static let fraction = 16

    private let folders: [String]
    private let limit: DiskLimit?
    private var last: DiskRoom?
    private var walkedAt: ContinuousClock.Instant
    private var nextWalk: ContinuousClock.Instant

    /// - Parameter folders: on one file system; the limit is for all together.
    init(folders: [String], limit: DiskLimit?, now: ContinuousClock.Instant = .now) {
        self.folders = folders
        self.limit = limit
        last = folders.first.flatMap { FileSystemRoom.at($0) }
        walkedAt = now
        nextWalk = now
    }

    /// In what the task is over its limit; `nil` when it may go on. Blocks.
    /// - Parameter processes: those of the task.
    mutating func look(now: ContinuousClock.Instant = .now, processes: () -> [Int32]) -> FolderUse.Excess? {
        guard let limit, let folder = folders.first, let room = FileSystemRoom.at(folder), now >= nextWalk,
            isDue(room, limit: limit, now: now)
        else { return nil }
        var use = FolderUse.of(folders, until: limit)
        use.addUnnamedFiles(of: processes(), besides: folder)
        let end = ContinuousClock.now
        last = room
        walkedAt = end
        nextWalk = end + max(Self.shortestPause, (end - now) * 10)
        return use.excess(over: limit)
    }

    private func isDue(_ room: DiskRoom, limit: DiskLimit, now: ContinuousClock.Instant) -> Bool {
        guard let last, now - walkedAt < Self.longestPause else { return true }
        if last.free - room.free > limit.bytes / Self.fraction { return true }
        return (last.freeEntries ?? 0) - (room.freeEntries ?? 0) > limit.entries / Self.fraction
    }
}
