import Foundation
import TestSupport

@testable import Runner

/// `/sys/fs/cgroup` of a Debian 12 machine with systemd, v2: its files with what they hold, without what tells of the moment.
/// A file here holds what was written to it last; the kernel's would tell what that came to.
struct RecordedGroups {
    private let directory: TemporaryDirectory
    let groups: ControlGroups

    /// Of the top, which has no limits, no type and no events.
    private static let top = [
        "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
        // What systemd needs for its own accounting.
        "cgroup.subtree_control": "memory pids\n",
        "cgroup.procs": "2\n3\n", "cgroup.threads": "2\n3\n", "cgroup.max.depth": "max\n",
        "cgroup.max.descendants": "max\n", "cgroup.stat": "nr_descendants 31\nnr_dying_descendants 0\n",
        "cpu.stat": "usage_usec 91822017\nuser_usec 60199384\nsystem_usec 31622633\n",
        "cpuset.cpus.effective": "0-1\n", "cpuset.mems.effective": "0\n", "io.cost.model": "", "io.cost.qos": "",
        "io.stat": "254:0 rbytes=912384000 wbytes=402653184 rios=21933 wios=10211 dbytes=0 dios=0\n",
        "memory.stat": "anon 221249536\nfile 1102204928\n",
        "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    ]
    /// Of a group that was just made below groups that hand down `cpu`, `io`, `memory` and `pids`.
    private static let group = [
        "cgroup.controllers": "cpu io memory pids\n", "cgroup.subtree_control": "", "cgroup.type": "domain\n",
        "cgroup.procs": "", "cgroup.threads": "", "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.freeze": "0\n",
        "cgroup.kill": "", "cgroup.max.depth": "max\n", "cgroup.max.descendants": "max\n",
        "cgroup.stat": "nr_descendants 0\nnr_dying_descendants 0\n",
        "cpu.idle": "0\n", "cpu.max": "max 100000\n", "cpu.max.burst": "0\n", "cpu.weight": "100\n",
        "cpu.weight.nice": "0\n",
        "cpu.stat": """
        usage_usec 0
        user_usec 0
        system_usec 0
        nr_periods 0
        nr_throttled 0
        throttled_usec 0
        nr_bursts 0
        burst_usec 0

        """,
        "io.max": "", "io.weight": "default 100\n", "io.bfq.weight": "default 100\n", "io.stat": "",
        "memory.current": "0\n", "memory.min": "0\n", "memory.low": "0\n", "memory.high": "max\n",
        "memory.max": "max\n",
        "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
        "memory.events.local": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
        "memory.oom.group": "0\n", "memory.swap.current": "0\n", "memory.swap.max": "max\n",
        "memory.stat": "anon 0\nfile 0\nkernel 0\ninactive_anon 0\nactive_anon 0\ninactive_file 0\nactive_file 0\n",
        "pids.current": "0\n", "pids.peak": "0\n", "pids.max": "max\n", "pids.events": "max 0\n",
    ]
    /// Of systemd's own groups: of the controllers only what it accounts with.
    private static let slices = ["init.scope", "system.slice", "system.slice/ssh.service", "user.slice"]

    /// - Parameter groups: paths below the top of groups whose files are to be there, each after the one that it is in.
    init(_ groups: [String]) throws {
        directory = try TemporaryDirectory("berth-cgroups")
        self.groups = ControlGroups(root: directory.path, version: .v2)
        for (name, text) in Self.top { try HostFiles.write(text, to: directory.path(name)) }
        for group in Self.slices + groups {
            try HostFiles.makeDirectory(directory.path(group))
            for (name, text) in Self.group { try HostFiles.write(text, to: directory.path("\(group)/\(name)")) }
        }
    }

    func path(_ file: String) -> String { directory.path(file) }
    func text(_ file: String) -> String? { HostFiles.text(path(file)) }
    func write(_ text: String, to file: String) throws { try HostFiles.write(text, to: path(file)) }
}
