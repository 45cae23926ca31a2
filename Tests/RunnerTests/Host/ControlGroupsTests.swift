import Glibc
import TestSupport
import Testing

@testable import Runner

@Suite struct ControlGroupsTests {
    static let v1Mounts = """
        30 23 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        31 30 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        42 30 0:36 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """
    static let v2Mounts = """
        24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
        29 23 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate
        """

    @Test func `the version is told by what is mounted at the root, not by what lies beside`() {
        #expect(ControlGroups(mounts: Self.v1Mounts).version == .v1)
        #expect(ControlGroups(mounts: Self.v2Mounts).version == .v2)
    }

    @Test func `on v2 there is one folder and memory events tell of kills`() throws {
        let tree = try TemporaryDirectory("cgroup")
        let group = tree.path("berth/n/i-1")
        try HostFiles.makeDirectory(group)
        try HostFiles.write(
            "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n", to: group + "/memory.events")
        let groups = ControlGroups(root: tree.path, version: .v2)
        #expect(groups.directories(of: "/berth/n/i-1") == [group])
        #expect(groups.outOfMemoryKill("/berth/n/i-1") == .ownLimit)
        #expect(groups.outOfMemoryKill("/berth/n/i-2") == nil)
        // At its own limit it was before, for files that it had read; what it was killed for is another's.
        for events in ["max 0\noom 0\noom_kill 2\n", "max 12\noom 0\noom_kill 2\noom_group_kill 1\n"] {
            try HostFiles.write(events, to: group + "/memory.events")
            #expect(groups.outOfMemoryKill("/berth/n/i-1") == .sharedLimit)
        }
        #expect(groups.memoryKills("/berth/n/i-1") == 2 && groups.memoryKills("/berth/n/i-2") == 0)
        #expect(groups.children(of: "/berth/n") == ["i-1"])
        #expect(groups.limitsSwap)
        #expect(groups.memoryDirectory(of: "/berth/n/i-1") == group)
    }

    @Test func `on v1 there is a folder a hierarchy and the memory controller tells of kills`() throws {
        let tree = try TemporaryDirectory("cgroup")
        for controller in ["cpu,cpuacct", "memory", "pids"] {
            try HostFiles.makeDirectory(tree.path("\(controller)/berth/n/i-1"))
        }
        try HostFiles.makeDirectory(tree.path("pids/berth/n/t-2"))
        try #require(symlink("cpu,cpuacct", tree.path("cpu")) == 0)
        try HostFiles.write(
            "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", to: tree.path("memory/berth/n/i-1/memory.oom_control"))
        let groups = ControlGroups(root: tree.path, version: .v1)
        #expect(
            groups.directories(of: "/berth/n/i-1")
                == ["cpu,cpuacct", "memory", "pids"].map { tree.path("\($0)/berth/n/i-1") })
        let group = tree.path("memory/berth/n/i-1")
        try HostFiles.write("104857600\n", to: group + "/memory.limit_in_bytes")
        for (usage, kill) in [(104_857_600, ControlGroups.OutOfMemoryKill.ownLimit), (60_000_000, .sharedLimit)] {
            try HostFiles.write("\(usage)\n", to: group + "/memory.max_usage_in_bytes")
            #expect(groups.outOfMemoryKill("/berth/n/i-1") == kill)
        }
        #expect(groups.children(of: "/berth/n") == ["i-1", "t-2"])
        #expect(!groups.limitsSwap)
    }

    @Test(arguments: [(.v1, ["memory/", "pids/"]), (.v2, [""])] as [(ControlGroups.Version, [String])])
    func `a removed group is gone in every hierarchy, with those below it`(
        version: ControlGroups.Version, hierarchies: [String]
    ) async throws {
        let tree = try TemporaryDirectory("cgroup")
        for hierarchy in hierarchies { try HostFiles.makeDirectory(tree.path("\(hierarchy)berth/n/i-1/sub")) }
        let groups = ControlGroups(root: tree.path, version: version)
        await groups.remove("/berth/n/i-1")
        #expect(groups.children(of: "/berth/n").isEmpty)
        #expect(hierarchies.allSatisfy { HostFiles.exists(tree.path("\($0)berth/n")) })
    }

    /// The kernel takes a group's files away with it; here somebody must.
    @Test(arguments: [(.v1, "memory/"), (.v2, "")] as [(ControlGroups.Version, String)])
    func `what is left in a group is killed, and the group is gone once it is empty`(
        version: ControlGroups.Version, hierarchy: String
    ) async throws {
        let tree = try TemporaryDirectory("cgroup")
        let group = tree.path("\(hierarchy)berth/n/t-1/sub")
        try HostFiles.makeDirectory(group)
        let process = try ChildProcess(["sleep", "600"], environment: ["PATH": "/usr/bin:/bin"])
        try HostFiles.write("\(process.processID)\n", to: group + "/cgroup.procs")
        let groups = ControlGroups(root: tree.path, version: version)
        async let removal: Void = groups.remove("/berth/n/t-1")
        #expect(await process.end() == -SIGKILL)
        #expect(HostFiles.exists(group))
        HostFiles.remove(group + "/cgroup.procs")
        await removal
        #expect(groups.children(of: "/berth/n").isEmpty)
    }

    @Test(arguments: [(.v1, "pids/"), (.v2, "")] as [(ControlGroups.Version, String)])
    func `the processes of a group are its own, not those of groups in it`(
        version: ControlGroups.Version, hierarchy: String
    ) throws {
        let tree = try TemporaryDirectory("cgroup")
        let group = tree.path("\(hierarchy)berth/n/t-1")
        try HostFiles.makeDirectory(group + "/sub")
        try HostFiles.write("12\n3456\n", to: group + "/cgroup.procs")
        try HostFiles.write("78\n", to: group + "/sub/cgroup.procs")
        let groups = ControlGroups(root: tree.path, version: version)
        #expect(groups.processes(of: "/berth/n/t-1") == [12, 3456])
        #expect(groups.processes(of: "/berth/n/t-2") == [])
    }
}
