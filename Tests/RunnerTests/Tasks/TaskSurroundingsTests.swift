import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What a task may have besides its folder, and what it may be without.
    @Suite struct TaskSurroundingsTests {
        @Test func `a task without network has nothing but loopback`() async throws {
            try await withRunner { fixture in
                let gateway = fixture.network.gateway
                let script = """
                    ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1
                    cat /etc/hosts
                    (exec 3<>/dev/tcp/\(gateway)/22) 2>&1 | grep -o 'Network is unreachable'
                    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0));
                    c = socket.create_connection(s.getsockname()); print("loopback works")'
                    """
                let task = fixture.task(script, hasNetwork: false)
                let result = try await fixture.run(task)
                #expect(result.output.contains("lo\n"), "\(result.output)")
                #expect(!result.output.contains("eth0"))
                #expect(result.output.contains("Network is unreachable"), "\(result.output)")
                #expect(result.output.contains("loopback works"), "\(result.output)")
                // The same script in a task that has one.
                let other = try await fixture.output(script)
                #expect(other.contains("eth0") && !other.contains("Network is unreachable"), "\(other)")
            }
        }

        @Test func `what a task leaves in its cache the next one finds, and another does not`() async throws {
            try await withRunner { fixture in
                let cache = fixture.directory.path("cache")
                try FileManager.default.createDirectory(atPath: "\(cache)/c", withIntermediateDirectories: true)
                chown("\(cache)/c", RunnerFixture.account, RunnerFixture.account)
                let first = try await fixture.run(fixture.task("echo kept >/cache/c/file", cache: cache))
                #expect(first.exit == .exited(0), "\(first.output)")
                let second = try await fixture.run(fixture.task("cat /cache/c/file; touch /cache/no", cache: cache))
                #expect(second.output.contains("kept") && second.output.contains("Permission denied"))
                #expect(try await fixture.output("ls -A /cache") == "")
                #expect(try await fixture.exit("touch /cache/x") != .exited(0))
            }
        }

        @Test func `what a task writes into its cache counts for its limit`() async throws {
            try await withRunner { fixture in
                let cache = fixture.directory.path("cache")
                try FileManager.default.createDirectory(atPath: "\(cache)/c", withIntermediateDirectories: true)
                chown("\(cache)/c", RunnerFixture.account, RunnerFixture.account)
                let script = "i=0; while true; do i=$((i+1)); head -c 1000000 /dev/zero >/cache/c/$i; done"
                let task = fixture.task(script, disk: DiskLimit(bytes: 20 << 20, entries: 100_000), cache: cache)
                #expect(try await fixture.run(task).exit == .tooMuchDisk)
            }
        }

        @Test func `what a task writes into its volumes counts for their limit, with what was there before`()
            async throws
        {
            try await withRunner { fixture in
                let volume = fixture.directory.path("volume")
                for folder in [volume, "\(fixture.app)/data"] {
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    chown(folder, RunnerFixture.account, RunnerFixture.account)
                }
                try Data(repeating: 1, count: 10 << 20).write(to: URL(fileURLWithPath: "\(volume)/before"))
                let task = fixture.task(
                    "for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/zero >data/$i; done; sleep 60",
                    disk: DiskLimit(bytes: 64 << 20, entries: 100),
                    volumes: [VolumeMount(source: volume, path: "data")],
                    volumeLimit: DiskLimit(bytes: 16 << 20, entries: 100))
                #expect(try await fixture.run(task).exit == .tooMuchInVolumes)
            }
        }

        @Test func `an app that says itself when it is ready is not asked before, and ends by its own signal`()
            async throws
        {
            try await withRunner { fixture in
                try fixture.write(
                    "s.py",
                    """
                    import os, signal, socket, sys, time
                    def end(number, frame):
                        print('ended by', signal.Signals(number).name, flush=True)
                        while not os.path.exists('go'): time.sleep(0.02)
                        sys.exit(0)
                    for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, end)
                    listener = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))
                    while not os.path.exists('ready'): time.sleep(0.02)
                    open(os.environ['XHOST_READY_FILE'], 'w').close()
                    while True: listener.accept()
                    """)
                var plan = RunPlan(kind: .web, command: ["python3", "s.py"], readySeconds: 30, readiness: .file)
                plan.stopSignal = .interrupt
                let specification = InstanceSpecification(
                    id: ID(), channel: ID(), release: ID(), directory: fixture.app, plan: plan, environment: [:],
                    account: RunnerFixture.account, limits: .instanceDefault)
                let log = RecordingLogSink()
                async let start = fixture.runner.start(specification, log: log)
                let name = InstanceRecord.name(specification.id)
                #expect(
                    await eventually { ProcessIdentity(pidFile: fixture.paths.pidFile(name)) != nil })
                #expect(!log.lines.contains("health check passed"))
                try fixture.write("ready", "")
                let endpoint = try await start
                #expect(log.lines.contains("health check passed"))
                #expect(await fixture.runner.fault(of: endpoint.id) == nil)
                async let stopped: Void = fixture.runner.stop(endpoint.id, grace: nil)
                #expect(
                    await eventually {
                        await fixture.runner.recentOutput(endpoint.id, lines: 9).contains("ended by SIGINT")
                    })
                try fixture.write("go", "")
                await stopped
            }
        }
    }
}
