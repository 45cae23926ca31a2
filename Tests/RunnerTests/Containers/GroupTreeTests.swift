import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

/// The groups above those of containers, over trees of files that look like the kernel's.
@Suite struct GroupTreeTests {
    private let root: TemporaryDirectory
    private let owner = ID<User>()

    init() throws { root = try TemporaryDirectory("berth-cgroups") }

    /// A tree as a machine has it after its start. The kernel makes the files of a group with it; here a folder of the
    /// group's name must have them before.
    private func groups(_ version: ControlGroups.Version, having files: [String]) throws -> ControlGroups {
        for file in files {
            try HostFiles.makeDirectory((root.path(file) as NSString).deletingLastPathComponent)
            try HostFiles.write("", to: root.path(file))
        }
        return ControlGroups(root: root.path, version: version)
    }

    private func tree(
        _ groups: ControlGroups, _ share: ShareLimits = ShareLimits(), buildPriority: BuildPriority = .low
    ) -> GroupTree {
        GroupTree(
            groups: groups, paths: RuntimePaths(directory: "/run/b", node: "n"), builds: share, instances: share,
            buildPriority: buildPriority)
    }

    private func text(_ path: String) -> String? { HostFiles.text(root.path(path)) }

    @Test func `on v1 instances weigh half of what is beside, and builds an eighth`() throws {
        let files = [
            "cpu/berth/cpu.shares", "cpu/berth-builds-n/cpu.shares", "cpu/berth-builds-n/cpu.idle",
            "blkio/berth-builds-n/blkio.bfq.weight",
        ]
        tree(try groups(.v1, having: files)).prepare()
        #expect(files.map(text) == ["512", "122", "0", "12"])
    }

    @Test func `on v2 instances weigh half of what is beside, and builds an eighth`() throws {
        let recorded = try RecordedGroups(["berth", "berth/n", "berth-builds-n"])
        tree(recorded.groups).prepare()
        #expect(recorded.text("berth/cpu.weight") == "50")
        #expect(recorded.text("berth-builds-n/cpu.weight") == "12" && recorded.text("berth-builds-n/cpu.idle") == "0")
        #expect(recorded.text("berth-builds-n/io.weight") == "default 12")
        // The machine hands some down already.
        #expect(recorded.text("cgroup.subtree_control")?.hasPrefix("+cpu +io") == true)
        // Further down nothing needs them yet.
        for group in ["berth", "berth-builds-n"] {
            #expect(recorded.text("\(group)/cgroup.subtree_control") == "", "\(group)")
        }
        #expect(recorded.text("system.slice/cpu.weight") == "100\n")
    }

    @Test(arguments: [ControlGroups.Version.v1, .v2])
    func `builds give way to all else while they get anything so, and have their weight while they do not`(
        _ version: ControlGroups.Version
    ) throws {
        let (cpu, usage) = version == .v1 ? ("cpu/", "cpuacct/") : ("", "")
        let weight = version == .v1 ? "cpu.shares" : "cpu.weight"
        let idle = "\(cpu)berth-builds-n/cpu.idle"
        let tree = tree(
            try groups(version, having: [idle, "\(cpu)berth-builds-n/\(weight)"]), buildPriority: .idle)
        func use(_ group: String, seconds: Int) throws {
            let (file, text) =
                version == .v1
                ? ("cpuacct.usage", "\(seconds)000000000\n") : ("cpu.stat", "usage_usec \(seconds)000000\n")
            try HostFiles.makeDirectory(root.path("\(usage)\(group)"))
            try HostFiles.write(text, to: root.path("\(usage)\(group)\(file)"))
        }
        tree.prepare()
        #expect(text(idle) == "1")
        let (start, processors) = (ContinuousClock.now, ProcessInfo.processInfo.activeProcessorCount)
        for (look, builds, others, isRunning, isIdle) in [
            (0, 0, 0, true, "1"),
            // Others take everything.
            (1, 0, 10 * processors, true, "0"),
            // A share is better than nothing: it is tried again without.
            (2, 3, 20 * processors, true, "1"),
            (3, 3, 30 * processors, false, "1"),
            (4, 3, 40 * processors, true, "0"),
        ] {
            try use("", seconds: builds + others)
            try use("berth-builds-n/", seconds: builds)
            tree.weighBuilds(areRunning: isRunning, now: start + .seconds(10 * look))
            #expect(text(idle) == isIdle, "look \(look)")
        }
        #expect(text("\(cpu)berth-builds-n/\(weight)") == (version == .v1 ? "122" : "12"))
    }

    @Test func `on v1 a user's containers are limited together in each hierarchy`() throws {
        let group = "berth/n/u-\(owner.hex)"
        let files = [
            "memory/\(group)/memory.limit_in_bytes", "memory/\(group)/memory.memsw.limit_in_bytes",
            "memory/memory.memsw.limit_in_bytes", "cpu/\(group)/cpu.cfs_quota_us", "pids/\(group)/pids.max",
        ]
        let tree = tree(
            try groups(.v1, having: files), ShareLimits(memory: 1 << 30, milliCPU: 1500, processes: 77))
        #expect(tree.enter("i-1", owner: owner) == "/\(group)/i-1")
        #expect(files.map(text) == ["1073741824", "1073741824", "", "150000", "77"])
    }

    @Test func `on v2 a user's containers are limited together, without swap`() throws {
        let group = "berth-builds-n/u-\(owner.hex)"
        let files = ["memory.max", "memory.swap.max", "cpu.max", "pids.max"].map { "\(group)/\($0)" }
        let tree = tree(
            try groups(.v2, having: files), ShareLimits(memory: 1 << 30, milliCPU: 1500, processes: 77))
        #expect(tree.enter("t-1", owner: owner) == "/\(group)/t-1")
        #expect(files.map(text) == ["1073741824", "0", "150000 100000", "77"])
    }

    @Test func `on v1 the keeper of an instance's output is limited, in the processors' hierarchy only`() throws {
        let group = "berth/n/monitors/i-1"
        let files = ["cpu.cfs_period_us", "cpu.cfs_quota_us", "cgroup.procs"].map { "cpu/\(group)/\($0)" }
        let others = ["memory/\(group)/cgroup.procs", "pids/\(group)/cgroup.procs"]
        tree(try groups(.v1, having: files + others)).enter(monitor: 4321, of: "i-1")
        #expect(files.map(text) == ["100000", "5000", "4321"])
        #expect(others.map(text) == ["", ""])
    }

    @Test func `on v2 the keeper of an instance's output is limited in a group of its own`() throws {
        let group = "berth/n/monitors/i-1"
        let recorded = try RecordedGroups(["berth", "berth/n", "berth/n/monitors", group])
        tree(recorded.groups).enter(monitor: 4321, of: "i-1")
        #expect(recorded.text("\(group)/cpu.max") == "5000 100000")
        #expect(recorded.text("\(group)/cgroup.procs") == "4321")
        for parent in ["berth", "berth/n", "berth/n/monitors"] {
            #expect(recorded.text("\(parent)/cgroup.subtree_control") == "+cpu +io +memory +pids", "\(parent)")
        }
    }

    @Test func `a container does not get more of the processors than its user`() throws {
        let tree = tree(try groups(.v1, having: []), ShareLimits(milliCPU: 1500))
        let limits = ContainerLimits(memory: 1 << 20, milliCPU: 2000, processes: 9, temporary: 1 << 20)
        #expect(tree.fit(limits, of: "i-1").milliCPU == 1500 && tree.fit(limits, of: "t-1").milliCPU == 1500)
        #expect(self.tree(try groups(.v1, having: [])).fit(limits, of: "i-1") == limits)
    }

    @Test(arguments: [ControlGroups.Version.v1, .v2])
    func `a user's group goes with the last container`(_ version: ControlGroups.Version) throws {
        let place = version == .v1 ? "pids/" : ""
        let groups = ControlGroups(root: root.path, version: version)
        let tree = tree(groups, ShareLimits(processes: 5))
        let folder = root.path("\(place)berth/n/u-\(owner.hex)")
        try HostFiles.makeDirectory(folder)
        for name in ["i-1", "i-2"] { _ = tree.enter(name, owner: owner) }
        tree.leave("i-1", owner: owner)
        tree.leave("i-1", owner: owner)
        #expect(HostFiles.exists(folder))
        tree.leave("i-2", owner: owner)
        #expect(!HostFiles.exists(folder))
    }

    @Test(arguments: [ControlGroups.Version.v1, .v2])
    func `containers are found in all places, and what is empty goes`(_ version: ControlGroups.Version) throws {
        let place = version == .v1 ? "memory/" : ""
        let user = "u-\(owner.hex)"
        for group in [
            "berth/n/i-1", "berth/n/\(user)/i-2", "berth-builds-n/t-3", "berth-builds-n/\(user)/t-4",
            "berth-builds-n/u-0", "berth/n/monitors/i-2", "berth/n/monitors/i-9", "berth-builds-other/t-5",
        ] {
            try HostFiles.makeDirectory(root.path("\(place)\(group)"))
        }
        let tree = tree(ControlGroups(root: root.path, version: version))
        #expect(
            tree.containers() == [
                "i-1": "/berth/n/i-1", "i-2": "/berth/n/\(user)/i-2", "t-3": "/berth-builds-n/t-3",
                "t-4": "/berth-builds-n/\(user)/t-4",
            ])
        tree.removeEmpty(except: ["i-2"])
        #expect(HostFiles.names(in: root.path("\(place)berth-builds-n")) == ["t-3", user].sorted())
        #expect(HostFiles.names(in: root.path("\(place)berth/n/monitors")) == ["i-2"])
        #expect(tree.containers().count == 4)
    }

    @Test func `refused processes are counted in either version`() throws {
        let groups = try groups(.v1, having: ["pids/berth/n/t-1/pids.events", "berth/n/t-1/pids.events"])
        for file in ["pids/berth/n/t-1", "berth/n/t-1"] {
            try HostFiles.write("max 12\n", to: root.path("\(file)/pids.events"))
        }
        #expect(groups.refusedProcesses("/berth/n/t-1") == 12)
        #expect(ControlGroups(root: root.path, version: .v2).refusedProcesses("/berth/n/t-1") == 12)
        #expect(groups.refusedProcesses("/berth/n/t-2") == 0)
    }
}
