import Core
import Synchronization

/// The tasks that write to the server's disk. When that is down to what the server keeps for itself the task that has most
/// on it ends, and the next one only where the first's files do not make room enough.
final class DiskWriters: Sendable {
    struct Writer: Sendable {
        /// Absolute paths, on one file system.
        let folders: [String]
        let ending: TaskEnding
        /// Those of the task.
        var processes: @Sendable () -> [Int32] = { [] }

        /// What the task has on disk, also in files without a name. Blocks.
        var use: FolderUse {
            var use = FolderUse.of(folders, until: DiskLimit(bytes: .max, entries: .max))
            if let folder = folders.first { use.addUnnamedFiles(of: processes(), besides: folder) }
            return use
        }
    }

    /// A task that was ended, with files that go once its container has.
    private struct Leaving {
        let folder: String
        let use: FolderUse
        /// When nobody waits for it any more.
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        var writers: [String: Writer] = [:]
        var leaving: [Leaving] = []
    }

    /// How long it may take until the files of an ended task are gone.
    private static let patience = Duration.seconds(10)

    private let reserve: DiskReserve
    private let room: @Sendable (String) -> DiskRoom?
    private let state = Mutex(State())

    /// - Parameter room: tells what the file system of a path has left.
    init(reserve: DiskReserve, room: @escaping @Sendable (String) -> DiskRoom? = { FileSystemRoom.at($0) }) {
        self.reserve = reserve
        self.room = room
    }

    func add(_ name: String, _ writer: Writer) { state.withLock { $0.writers[name] = writer } }

    func remove(_ name: String) { state.withLock { _ = $0.writers.removeValue(forKey: name) } }

    /// A task was ended: the room that its files take is as good as there. Blocks.
    func leave(_ name: String, now: ContinuousClock.Instant = .now) {
        let writer = state.withLock { $0.writers.removeValue(forKey: name) }
        if let writer { leave(writer, writer.use, now: now) }
    }

    private func leave(_ writer: Writer, _ use: FolderUse, now: ContinuousClock.Instant) {
        guard let folder = writer.folders.first else { return }
        let task = Leaving(folder: folder, use: use, deadline: now + Self.patience)
        state.withLock { $0.leaving.append(task) }
    }

    /// Ends the task that has most on disk if that must be. Blocks: all tasks' folders are gone through then. One call at a
    /// time.
    /// - Parameter path: on the file system that is looked at.
    func makeRoom(on path: String, now: ContinuousClock.Instant = .now) {
        guard var room = room(path), reserve.isReached(in: room) else { return }
        let isShortOfBytes = room.free < reserve.bytes
        let (writers, leaving) = state.withLock { state in
            state.leaving.removeAll { $0.deadline <= now || !HostFiles.exists($0.folder) }
            return (state.writers, state.leaving)
        }
        for task in leaving {
            room.free += task.use.bytes
            room.freeEntries = room.freeEntries.map { $0 + task.use.entries }
        }
        guard reserve.isReached(in: room) else { return }
        var largest: (writer: Writer, use: FolderUse)?
        // In order of their names, so that of two with as much it is always the same one.
        for (_, writer) in writers.sorted(by: { $0.key < $1.key }) where writer.ending.reason == nil {
            let use = writer.use
            let isLarger =
                largest.map { isShortOfBytes ? use.bytes > $0.use.bytes : use.entries > $0.use.entries } ?? true
            if isLarger { largest = (writer, use) }
        }
        guard let (writer, use) = largest else { return }
        writer.ending.set(.diskReserve)
        leave(writer, use, now: now)
    }
}
