import Core
import Foundation
import Testing

@testable import Runner

@Suite struct OCIBundleTests {
    private func bundle(_ groups: ControlGroups) -> OCIBundle {
        OCIBundle(
            directory: "/run/b/i-1", skeleton: "/run/rootfs", sharedConfiguration: ["ssl/certs"], groups: groups,
            groupPath: "/berth/n/i-1",
            seccomp: .init(defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, architectures: [], syscalls: []),
            hostname: "app", network: "/run/netns/n1", app: "/data/releases/1", isAppWritable: false, account: 20_001,
            arguments: ["node", "s.js"], environment: ["PATH": "/own", "A": "b=c"], workingDirectory: "",
            limits: ContainerLimits(memory: 100 << 20, milliCPU: 500, processes: 9, temporary: 1 << 20),
            openFiles: 1_000_000, oomScoreAdjustment: 400)
    }

    private let v2 = ControlGroups(root: "/cg", version: .v2)
    private let v1 = ControlGroups(root: "/cg", version: .v1)

    @Test func `the environment is the given one over a small standard, nothing else`() {
        let environment = bundle(v2).specification.process.env
        #expect(environment == ["A=b=c", "HOME=/tmp", "LANG=C.UTF-8", "PATH=/own"])
    }

    @Test func `the root and the app are read-only, a task's app is writable`() {
        var bundle = bundle(v2)
        #expect(bundle.specification.root.readonly)
        #expect(bundle.specification.mounts.first { $0.destination == "/app" }?.options.contains("ro") == true)
        bundle.isAppWritable = true
        #expect(bundle.specification.mounts.first { $0.destination == "/app" }?.options.contains("rw") == true)
        for mount in bundle.specification.mounts {
            #expect(mount.options.contains("nosuid"), "\(mount.destination)")
            if mount.type == "bind", mount.destination != "/app" { #expect(mount.options.contains("ro")) }
        }
    }

    @Test func `a file system of packages is the root, with nothing of the host's but the first program`() {
        var bundle = bundle(v2)
        bundle.skeleton = "/data/rootfs/a"
        bundle.initProgram = "/usr/bin/tini-static"
        bundle.sharedConfiguration = []
        #expect(bundle.specification.root.path == "/data/rootfs/a" && bundle.specification.root.readonly)
        let binds = bundle.specification.mounts.filter { $0.type == "bind" }
        #expect(
            binds.map { "\($0.source) \($0.destination)" } == [
                "/usr/bin/tini-static /.init", "/run/b/i-1/etc/passwd /etc/passwd", "/run/b/i-1/etc/group /etc/group",
                "/run/b/i-1/etc/hostname /etc/hostname", "/run/b/i-1/etc/hosts /etc/hosts",
                "/run/b/i-1/etc/resolv.conf /etc/resolv.conf", "/data/releases/1 /app",
            ])
        #expect(binds.allSatisfy { $0.options.contains("ro") && $0.options.contains("nosuid") })
    }

    @Test func `volumes are writable, over the app and without set-id bits and devices`() {
        var bundle = bundle(v2)
        bundle.volumes = [VolumeMount(source: "/data/volumes/c/data", path: "web/data")]
        let mounts = bundle.specification.mounts
        let volume = mounts.first { $0.destination == "/app/web/data" }
        #expect(
            volume?.source == "/data/volumes/c/data" && volume?.options == ["bind", "private", "rw", "nosuid", "nodev"])
        let (app, place) = (mounts.firstIndex { $0.destination == "/app" }, mounts.firstIndex { $0 == volume })
        #expect(app.map { $0 < place ?? 0 } == true)
        #expect(mounts.first { $0.destination == "/app" }?.options.contains("ro") == true)
    }

    @Test func `limits are written for either version of cgroups`() {
        let unified = bundle(v2).specification.linux.resources
        #expect(unified.memory.limit == 100 << 20 && unified.memory.swap == 100 << 20)
        #expect(unified.cpu.quota == 50_000 && unified.cpu.period == 100_000)
        #expect(unified.pids.limit == 9)
        #expect(unified.unified == ["memory.oom.group": "1"])
        let legacy = bundle(v1).specification.linux.resources
        // No such file in a recorded tree: the kernel does not count swap, and refuses a limit of it.
        #expect(legacy.memory.swap == nil)
        #expect(legacy.unified == nil)
    }

    @Test func `runtimes see their memory limit under either version`() {
        let unified = bundle(v2).specification.mounts.last
        #expect(unified?.destination == "/sys/fs/cgroup" && unified?.type == "cgroup")
        let legacy = bundle(v1).specification.mounts.last
        #expect(legacy?.destination == "/sys/fs/cgroup/memory" && legacy?.source == "/cg/memory/berth/n/i-1")
    }

    @Test func `files of a build are limited in size, and the kernel's score is passed on`() {
        var bundle = bundle(v2)
        #expect(bundle.specification.process.rlimits.map(\.type) == ["RLIMIT_NOFILE", "RLIMIT_CORE"])
        bundle.fileSize = 4096
        let limit = bundle.specification.process.rlimits.last
        #expect(limit?.type == "RLIMIT_FSIZE" && limit?.hard == 4096 && limit?.soft == 4096)
        #expect(bundle.specification.process.oomScoreAdj == 400)
    }

    @Test func `every namespace is its own and the network is the given one`() {
        let namespaces = bundle(v2).specification.linux.namespaces
        #expect(Set(namespaces.map(\.type)) == ["pid", "ipc", "uts", "mount", "cgroup", "network"])
        #expect(namespaces.first { $0.type == "network" }?.path == "/run/netns/n1")
    }

    @Test func `the configuration is the same text every time`() throws {
        #expect(try bundle(v2).encoded() == bundle(v2).encoded())
    }

    @Test func `the distribution's filter is resolved for a process without capabilities`() throws {
        let text = """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [
             {"names": ["read", "clone", "clone3", "unshare", "mount"], "action": "SCMP_ACT_ALLOW", "args": []},
             {"names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"]}},
             {"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "excludes": {"caps": ["CAP_SYS_CHROOT"]}},
             {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
             {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": null}]}
            """
        let profile = try SeccompProfile(Data(text.utf8))
        let filter = profile.resolved(machine: "x86_64")
        let allowed = filter.syscalls.filter { $0.action == "SCMP_ACT_ALLOW" && $0.args.isEmpty }.flatMap(\.names)
        #expect(allowed == ["read", "arch_prctl"])
        let refused = filter.syscalls.filter { $0.action == "SCMP_ACT_ERRNO" }.flatMap(\.names)
        #expect(refused.contains("chroot") && refused.contains("unshare") && refused.contains("mount"))
        // The kinds of sockets that apps use, by family; netlink only to ask for the interfaces.
        let sockets = filter.syscalls.filter { $0.names == ["socket"] }
        #expect(sockets.map { $0.args.map(\.value) } == [[1], [2], [10], [16, 0]])
        #expect(sockets.allSatisfy { $0.action == "SCMP_ACT_ALLOW" && $0.args.allSatisfy { $0.op == "SCMP_CMP_EQ" } })
        #expect(filter.syscalls.last?.names == ["clone"])
        #expect(filter.syscalls.last?.args.first?.op == "SCMP_CMP_MASKED_EQ")
        #expect(filter.architectures == ["SCMP_ARCH_X86_64"])
        let arm = profile.resolved(machine: "aarch64")
        #expect(!arm.syscalls.flatMap(\.names).contains("arch_prctl"))
        #expect(throws: PlatformError.self) { try SeccompProfile(Data()) }
    }
}
