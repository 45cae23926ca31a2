import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

/// Who ends when the disk is down to the server's reserve, which is 10 MiB here.
@Suite struct DiskWritersTests {
    private let directory: TemporaryDirectory
    private let disk = ScriptedDisk()
    private let writers: DiskWriters
    private let endings: [String: TaskEnding]

    /// Three tasks: `middle` has 2 MiB in a file, `large` 4 MiB, `small` 100 empty files.
    init() throws {
        directory = try TemporaryDirectory("disk-writers")
        writers = DiskWriters(reserve: DiskReserve(bytes: 10 << 20)) { [disk] _ in disk.room }
        var endings: [String: TaskEnding] = [:]
        for (name, size) in [("middle", 2), ("large", 4), ("small", 0)] {
            let folder = directory.path(name)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let content = Data(repeating: 1, count: size << 20)
            for number in 0..<(size == 0 ? 100 : 1) {
                try content.write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
            }
            let ending = TaskEnding()
            endings[name] = ending
            writers.add(name, DiskWriters.Writer(folders: [folder], ending: ending))
        }
        self.endings = endings
    }

    private func setRoom(mebibytes: Int, entries: Int? = nil) {
        disk.setRoom(DiskRoom(total: 1 << 40, free: mebibytes << 20, freeEntries: entries))
    }

    private func look(at now: ContinuousClock.Instant = .now) { writers.makeRoom(on: directory.path, now: now) }

    /// Those that were ended for the disk.
    private var ended: Set<String> { Set(endings.filter { $0.value.reason == .diskReserve }.keys) }

    @Test func `nobody ends while the disk has more than the reserve, or does not tell`() {
        look()
        setRoom(mebibytes: 10)
        look()
        #expect(ended.isEmpty)
    }

    @Test func `the task with most on disk ends, and no other while its files go`() throws {
        setRoom(mebibytes: 7)
        look()
        #expect(ended == ["large"])
        look()
        writers.remove("large")
        look()
        #expect(ended == ["large"])
        // They are gone, and the room did not come.
        try FileManager.default.removeItem(atPath: directory.path("large"))
        look()
        #expect(ended == ["large", "middle"])
    }

    @Test func `where its files are not enough the next one ends, too`() {
        setRoom(mebibytes: 5)
        look()
        look()
        #expect(ended == ["large", "middle"])
        look()
        #expect(ended == ["large", "middle"])
        setRoom(mebibytes: 1)
        look()
        #expect(ended == ["large", "middle", "small"])
    }

    @Test func `files that do not go are not waited for without end`() {
        let now = ContinuousClock.now
        setRoom(mebibytes: 7)
        look(at: now)
        look(at: now + .seconds(9))
        #expect(ended == ["large"])
        look(at: now + .seconds(11))
        #expect(ended == ["large", "middle"])
    }

    @Test func `a task that was ended for its own limit makes room, too`() {
        setRoom(mebibytes: 7)
        endings["large"]?.set(.tooMuchDisk)
        writers.leave("large")
        look()
        #expect(ended.isEmpty)
    }

    @Test func `where places for files are short the task with most of them ends`() {
        setRoom(mebibytes: 1000, entries: DiskReserve.entries - 50)
        look()
        #expect(ended == ["small"])
        look()
        #expect(ended == ["small"])
    }
}
