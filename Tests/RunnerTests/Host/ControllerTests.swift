import TestSupport
import Testing

@testable import Runner

/// Which controllers groups of v2 are given, on a machine as it was recorded.
@Suite struct ControllerTests {
    private let recorded: RecordedGroups

    init() throws { recorded = try RecordedGroups(["berth", "berth/n"]) }

    private func prepare() { recorded.groups.prepare("/berth/n/i-1", .init(weight: 100)) }

    private func handedDown(_ folder: String = "") -> String? { recorded.text("\(folder)cgroup.subtree_control") }

    /// The kernel refuses what is written there: a folder cannot be opened for writing either.
    private func refuse(_ file: String) throws {
        HostFiles.remove(recorded.path(file))
        try HostFiles.makeDirectory(recorded.path(file))
    }

    @Test func `what a machine does not hand down yet is asked for, of each group on the way`() {
        prepare()
        #expect(handedDown() == "+cpu +io")
        #expect(handedDown("berth/") == "+cpu +io +memory +pids")
        #expect(handedDown("berth/n/") == "+cpu +io +memory +pids")
        // Nothing of what others have is changed.
        #expect(handedDown("system.slice/") == "")
        #expect(recorded.text("init/cgroup.procs") == nil)
    }

    @Test func `nothing is written where everything is handed down`() throws {
        let all = "cpuset cpu io memory hugetlb pids\n"
        try recorded.write(all, to: "cgroup.subtree_control")
        prepare()
        #expect(handedDown() == all)
    }

    /// Naming one that is not there would have the kernel refuse all of them.
    @Test func `a controller that a machine lacks is not asked for`() throws {
        try recorded.write("cpuset cpu pids\n", to: "cgroup.controllers")
        try recorded.write("", to: "cgroup.subtree_control")
        try recorded.write("cpu pids\n", to: "berth/cgroup.controllers")
        prepare()
        #expect(handedDown() == "+cpu +pids" && handedDown("berth/") == "+cpu +pids")
    }

    @Test func `processes at the top of a container make room for its groups`() throws {
        try recorded.write("domain\n", to: "cgroup.type")
        try recorded.write("0\n4321\n", to: "cgroup.procs")
        try HostFiles.makeDirectory(recorded.path("init"))
        try recorded.write("", to: "init/cgroup.procs")
        try refuse("cgroup.subtree_control")
        prepare()
        #expect(recorded.text("init/cgroup.procs") == "4321")
    }

    @Test func `processes at the top of the machine, and in groups, stay where they are`() throws {
        for folder in ["", "berth/"] {
            try recorded.write("4321\n", to: "\(folder)cgroup.procs")
            try refuse("\(folder)cgroup.subtree_control")
        }
        prepare()
        #expect(!HostFiles.exists(recorded.path("init")) && !HostFiles.exists(recorded.path("berth/init")))
        #expect(handedDown("berth/n/") == "+cpu +io +memory +pids")
    }

    /// As systemd has it: a service's own group below the others, and Berth's beside them all.
    @Test func `the groups of containers are beside those of services, so that a service's end is not theirs`() {
        let tree = GroupTree(
            groups: recorded.groups, paths: RuntimePaths(directory: "/run/b", node: "n"), builds: ShareLimits(),
            instances: ShareLimits(), buildPriority: .idle)
        #expect(tree.enter("i-1", owner: nil) == "/berth/n/i-1")
        #expect(tree.enter("t-1", owner: nil) == "/berth-builds-n/t-1")
    }
}
