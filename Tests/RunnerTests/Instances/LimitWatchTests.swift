import TestSupport
import Testing

@testable import Runner

@Suite struct LimitWatchTests {
    private let start = ContinuousClock.now

    private func counters(refusals: Int = 0, kills: Int = 0, log: (UInt64, Int64)? = nil) -> LimitCounters {
        LimitCounters(
            refusals: refusals, kills: kills,
            logEnd: log.map { ContainerLog.Place(inode: $0.0, position: $0.1) })
    }

    /// The hits of looks that are a second apart.
    private func hits(_ watch: inout LimitWatch, from first: Int = 1, _ looks: [LimitCounters]) -> [[LimitWatch.Hit]] {
        looks.enumerated().map { number, look in watch.look(look, now: start + .seconds(first + number)) }
    }

    private func begun() -> LimitWatch {
        var watch = LimitWatch()
        watch.begin(logEnd: nil, now: start)
        return watch
    }

    @Test func `what goes on is told once an hour, with all that came meanwhile`() {
        var watch = begun()
        let looks = [counters(refusals: 3), counters(refusals: 3), counters(refusals: 7)]
        #expect(hits(&watch, looks) == [[.refusals(3)], [], []])
        #expect(watch.look(counters(refusals: 8), now: start + LimitWatch.repetition) == [])
        #expect(watch.look(counters(refusals: 9), now: start + LimitWatch.repetition + .seconds(5)) == [.refusals(6)])
        // A container that was made anew counts from nothing, and is not told of sooner.
        watch.begin(logEnd: nil, now: start + LimitWatch.repetition + .seconds(6))
        #expect(watch.look(counters(refusals: 2), now: start + LimitWatch.repetition + .seconds(10)) == [])
    }

    @Test func `a program that starts processes and does nothing else is told from one that was refused some`() {
        var watch = begun()
        let bomb = hits(&watch, [1, 2, 3, 3, 4].map { counters(refusals: $0 * 20_000) })
        #expect(bomb == [[], [], [.forkBomb], [], []])
        // A burst that ends is none.
        var burst = begun()
        let ending = [20_000, 40_000, 40_001].map { counters(refusals: $0) }
        #expect(hits(&burst, ending) == [[], [], [.refusals(40_001)]])
        var slow = begun()
        let refusals = (1...5).map { counters(refusals: $0 * 480) }
        #expect(hits(&slow, refusals) == [[.refusals(480)], [], [], [], []])
    }

    @Test func `one that has next to nothing of the processors is suspected as long as it is as fast as that allows`() {
        var watch = begun()
        func look(_ refusals: Int, pace: Double, at second: Int) -> (
            isFast: Bool, hits: [LimitWatch.Hit], isSuspect: Bool
        ) {
            let (counters, now) = (counters(refusals: refusals), start + .seconds(second))
            let isFast = watch.isFast(counters, pace: pace, now: now)
            return (isFast, watch.look(counters, pace: pace, now: now), watch.isSuspect)
        }
        #expect(look(20_000, pace: 1, at: 1) == (true, [], true))
        #expect(look(20_060, pace: 0.025, at: 2) == (true, [], true))
        #expect(look(20_120, pace: 0.025, at: 3) == (true, [.forkBomb], false))
        // One that waits now is none.
        #expect(look(40_000, pace: 1, at: 4) == (true, [], true))
        #expect(look(40_010, pace: 0.025, at: 5) == (false, [.refusals(19_890)], false))
    }

    @Test func `a process that was killed for want of memory is told`() {
        var watch = begun()
        #expect(hits(&watch, [counters(kills: 1), counters(kills: 1), counters(kills: 2)]) == [[.kills], [], []])
    }

    @Test func `a log that is full within a minute is a flood, one that is full now and then is none`() {
        var flood = begun()
        // Begun anew, and begun anew in a file of the same number.
        let looks = [counters(log: (7, 100)), counters(log: (8, 50)), counters(log: (8, 40)), counters(log: (8, 60))]
        #expect(hits(&flood, looks) == [[], [.flood], [], []])
        var early = LimitWatch()
        early.begin(logEnd: ContainerLog.Place(inode: 7, position: 100), now: start)
        #expect(hits(&early, [counters(log: (8, 50))]) == [[.flood]])
        var slow = begun()
        #expect(slow.look(counters(log: (7, 100)), now: start) == [])
        #expect(slow.look(counters(log: (8, 50)), now: start + .seconds(61)) == [])
        #expect(slow.look(counters(log: (9, 50)), now: start + .seconds(120)) == [.flood])
    }

    @Test func `of what was there before the first look nothing is told`() {
        var watch = LimitWatch()
        let looks = [counters(refusals: 5, kills: 2, log: (7, 100)), counters(refusals: 6, kills: 3, log: (7, 100))]
        #expect(hits(&watch, looks) == [[], [.kills, .refusals(1)]])
    }

    /// Files as the kernel writes them: pids.events and memory.oom_control of v1, pids.events and memory.events of v2.
    @Test(
        arguments: [
            (
                .v1, "pids/", "memory/", "memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 2\noom_group_kill 0\n"
            ),
            (
                .v2, "", "", "memory.events",
                "low 0\nhigh 0\nmax 31\noom 2\noom_kill 2\noom_group_kill 1\nsock_throttled 0\n"
            ),
        ] as [(ControlGroups.Version, String, String, String, String)])
    func `the kernel's counters and the end of the log are read in either version`(
        version: ControlGroups.Version, pids: String, memory: String, file: String, text: String
    ) throws {
        let tree = try TemporaryDirectory("cgroup")
        for folder in [pids, memory] { try HostFiles.makeDirectory(tree.path("\(folder)berth/n/i-1")) }
        try HostFiles.write("max 41\n", to: tree.path("\(pids)berth/n/i-1/pids.events"))
        try HostFiles.write(text, to: tree.path("\(memory)berth/n/i-1/\(file)"))
        let log = ContainerLog(path: tree.path("a.log"))
        try HostFiles.write("t stdout F line\n", to: log.path)
        let groups = ControlGroups(root: tree.path, version: version)
        let read = LimitCounters(of: "/berth/n/i-1", in: groups, log: log)
        #expect(read.refusals == 41 && read.kills == 2 && read.logEnd?.position == 16)
        let none = LimitCounters(of: "/berth/n/i-2", in: groups, log: ContainerLog(path: tree.path("b.log")))
        #expect(none == LimitCounters())
    }
}
