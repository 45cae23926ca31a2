import Core
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// Limits on disk, processes and on what a user has together.
    @Suite struct TaskLimitTests {
        @Test func `attack 11: a task that fills the disk is ended, whatever it does to its files`() async throws {
            try await withRunner { fixture in
                let limit = DiskLimit(bytes: 8 << 20, entries: 200)
                for (script, end) in [
                    ("dd if=/dev/zero of=one bs=1M count=64", ContainerTaskExit.tooMuchDisk),
                    ("for i in 1 2 3 4; do dd if=/dev/zero of=$i bs=1M count=4 2>&-; done; sleep 60", .tooMuchDisk),
                    ("for i in $(seq 300); do : >n$i; done; sleep 60", .tooManyFiles),
                    (
                        "for i in 1 2 3 4; do exec {f}>u$i; rm u$i; dd if=/dev/zero bs=1M count=4 >&$f; done; sleep 60",
                        .tooMuchDisk
                    ),
                ] {
                    let result = try await fixture.run(fixture.task(script, disk: limit))
                    #expect(result.exit == end, "\(script)")
                    try await fixture.runInFolder("find . -mindepth 1 -delete")
                }
            }
        }

        @Test func `attack 11: a task that fills the disk below more folders than are counted is ended`() async throws {
            try await withRunner { fixture in
                let script = """
                    deep=$(printf 'd/%.0s' $(seq 300)); mkdir -p $deep && cd $deep
                    for i in 1 2 3 4; do dd if=/dev/zero of=$i bs=1M count=4 2>&-; done; sleep 60
                    """
                let task = fixture.task(script, disk: DiskLimit(bytes: 8 << 20, entries: 10_000))
                let exit = try await fixture.run(task).exit
                #expect(exit == .tooDeep)
            }
        }

        @Test func `a task ends in time while others' folders are gone through`() async throws {
            let room = try #require(FileSystemRoom.at("/tmp"))
            // Everybody's folders are gone through, the other's first: that takes until the gate is opened.
            try await withRunner(configure: { $0.diskReserve = DiskReserve(bytes: room.total) }) { fixture in
                let isOpen = Mutex(false)
                let wasOpened = Mutex<Bool?>(nil)
                let other = DiskWriters.Writer(folders: [fixture.directory.path], ending: TaskEnding()) {
                    let deadline = ContinuousClock.now + .seconds(45)
                    while !isOpen.withLock({ $0 }), ContinuousClock.now < deadline { usleep(10_000) }
                    let result = isOpen.withLock { $0 }
                    wasOpened.withLock { $0 = result }
                    return []
                }
                fixture.runner.diskWriters.add("other", other)
                let exit = try await fixture.run(fixture.task("sleep 60", timeLimit: 1)).exit
                isOpen.withLock { $0 = true }
                #expect(exit == .timedOut)
                #expect(await eventually { wasOpened.withLock { $0 } != nil })
                #expect(wasOpened.withLock { $0 } == true)
            }
        }

        @Test func `a task ends when the disk is down to the server's reserve`() async throws {
            let room = try #require(FileSystemRoom.at("/tmp"))
            try await withRunner(configure: { $0.diskReserve = DiskReserve(bytes: room.total) }) { fixture in
                let exit = try await fixture.exit("sleep 60")
                #expect(exit == .diskReserve)
            }
        }

        @Test func `attack 11: a fork bomb that goes on is ended`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(fixture.task("exec perl -e 'fork while 1'", processes: 32))
                #expect(result.exit == .tooManyProcesses)
            }
        }

        @Test func `a task that fails at its limit of processes is told of it`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(fixture.task("perl -e 'fork // exit 3 for 1..40'", processes: 16))
                #expect(result.exit == .exited(3))
                #expect(result.output.contains("berth: processes refused at the limit of 16: "))
            }
        }

        @Test func `what a task leaves running is told`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("sleep 300 & sleep 300 & exit 0")
                #expect(result.exit == .exited(0))
                #expect(result.output == "berth: processes still running at the end: 2; they are ended\n")
            }
        }

        @Test func `a task gets no more of the processors than it may, however many processes try`() async throws {
            try await withRunner(configure: { $0.buildShare = ShareLimits(milliCPU: 500) }) { fixture in
                // Four of them, for two to three seconds; prints the processor time of all.
                let script = """
                    exec perl -e 'fork; my $child = fork; my $end = time + 3; 1 while time < $end;
                    1 while wait > 0; my @t = times; printf "%.2f\n", $t[0] + $t[1] + $t[2] + $t[3];'
                    """
                let result = try await fixture.run(fixture.task(script, owner: ID()))
                let times = result.output.split(separator: "\n").compactMap { Double($0) }
                let longest = try #require(times.max())
                #expect(times.count == 4 && longest > 0.2 && longest < 1.9, "\(result.output)")
            }
        }

        @Test func `a user's tasks share one limit of memory, another user's do not`() async throws {
            try await withRunner(configure: { $0.buildShare = ShareLimits(memory: 96 << 20) }) { fixture in
                let script = "exec perl -e '$| = 1; $x = \"x\" x 3e7; print \"have\\n\"; sleep 60'"
                let owner = ID<User>()
                let first = ByteCollector()
                let task = fixture.task(script, owner: owner)
                let running = Task { try await fixture.runner.run(task) { first.append($0) } }
                #expect(await eventually { first.text == "have\n" })
                let other = try await fixture.run(
                    fixture.task("exec perl -e '$x = \"x\" x 3e7; print \"have\\n\"'", owner: ID()))
                #expect(other.exit == .exited(0))
                // Within its own 256 MiB, but not within what is left of the user's. One of the two is killed.
                let second = try await fixture.run(fixture.task(script, timeLimit: 5, owner: owner))
                running.cancel()
                let end = await running.result
                // It is not its own limit that is named.
                let killed = [second.exit, try? end.get()].contains(.outOfSharedMemory)
                #expect(killed, "\(second.exit) \(end)")
                #expect(
                    await eventually {
                        fixture.runner.runtime.groups.children(of: fixture.paths.builds).isEmpty
                    })
            }
        }
    }
}

extension RunnerFixture {
    /// Runs a shell script on the host, in the app's folder.
    fileprivate func runInFolder(_ script: String) async throws {
        try await HostCommands(logger: Self.logger).succeed("/bin/sh", ["-c", script], folder: app)
    }
}
