import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    /// What a process inside can see and do.
    @Suite struct IsolationTests {
        @Test func `no capabilities, no new privileges, a system call filter`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
                let lines = result.output.split(separator: "\n").map { $0.replacingOccurrences(of: "\t", with: " ") }
                #expect(
                    lines == ["Inh", "Prm", "Eff", "Bnd", "Amb"].map { "Cap\($0): 0000000000000000" }
                        + ["NoNewPrivs: 1", "Seccomp: 2"])
            }
        }

        @Test func `namespaces cannot be made and nothing can be mounted`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(
                    "unshare -U true; unshare -r true; mount -t tmpfs x /tmp; nsenter -t 1 -n true; su -c id")
                #expect(!result.output.contains("uid=0"))
                #expect(result.output.components(separatedBy: "Operation not permitted").count >= 3)
            }
        }

        @Test func `an instance writes to tmp only`() async throws {
            try await withRunner { fixture in
                try fixture.write(
                    "probe.sh",
                    """
                    for f in /x /etc/x /usr/x /app/x /proc/sys/x /sys/x /run/x /var/lib/x /tmp/x /dev/shm/x; do
                      if (echo > $f) 2>/dev/null; then echo "$f written"; fi
                    done
                    echo done
                    exec node -e "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)"
                    """)
                let endpoint = try await fixture.runner.start(
                    fixture.specification(["sh", "/app/probe.sh"]), log: RecordingLogSink())
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output == ["/tmp/x written", "/dev/shm/x written", "done"])
            }
        }

        @Test func `only its own processes and no folder of the host are visible`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(
                    "ls / | tr '\\n' ' '; echo; ls -A /home /root /run /opt /srv | grep -v :; ps -e -o comm= | sort -u | tr '\\n' ' '"
                )
                let lines = result.output.split(separator: "\n", omittingEmptySubsequences: true)
                #expect(
                    lines.first
                        == "app bin cache dev etc home lib lib64 opt proc root run sbin srv sys tmp usr var "
                        || lines.first?.contains(" lib32 ") == true)
                #expect(!result.output.contains("conmon") && !result.output.contains("xctest"))
                let secrets = try await fixture.run(
                    "cat /etc/shadow /etc/ssl/private/* /proc/1/root/etc/shadow; ls /boot")
                #expect(!secrets.output.contains("root:"))
            }
        }

        @Test func `the size of tmp is limited`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(
                    "dd if=/dev/zero of=/tmp/big bs=1M count=64 2>&1; stat -c %s /tmp/big")
                #expect(result.output.contains("No space left on device"))
                #expect(result.output.hasSuffix("\n\(16 << 20)\n"))
            }
        }

        @Test func `the memory limit is visible to runtimes that size their heap by it`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run(
                    "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null")
                #expect(result.output == "\(256 << 20)\n")
            }
        }

        @Test func `the host's mount table is not touched`() async throws {
            try await withRunner { fixture in
                _ = try await fixture.run("true")
                let points = MountTable.points(below: fixture.configuration.runtimeDirectory)
                #expect(points.allSatisfy { $0.hasPrefix(fixture.configuration.runtimeDirectory + "/netns/") })
            }
        }

        @Test func `attack 11: what keeps an instance's output has a twentieth of a processor`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(
                    "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)")
                let name = InstanceRecord.name(endpoint.id)
                let keeper = try #require(ProcessIdentity(pidFile: fixture.paths.conmonPIDFile(name)))
                let groups = try #require(HostFiles.text("/proc/\(keeper.pid)/cgroup"))
                #expect(groups.contains(":\(fixture.paths.monitor(name))\n"))
                let group = fixture.runner.runtime.groups.directories(of: fixture.paths.monitor(name))
                let quotas = group.flatMap { ["\($0)/cpu.cfs_quota_us", "\($0)/cpu.max"] }.compactMap(HostFiles.text)
                #expect(quotas.count == 1 && quotas[0].hasPrefix("5000"))
                await fixture.runner.stop(endpoint.id, grace: 0)
                #expect(group.allSatisfy { !HostFiles.exists($0) })
            }
        }

        @Test func `attack 13: environment values are readable by root only`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(
                    "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)",
                    environment: ["SECRET": "value"])
                var info = stat()
                #expect(stat(fixture.configuration.runtimeDirectory, &info) == 0 && info.st_mode & 0o777 == 0o700)
                let log = try String(
                    contentsOfFile: "\(fixture.configuration.logDirectory)/\(endpoint.id).log", encoding: .utf8)
                #expect(!log.contains("value"))
            }
        }
    }
}
