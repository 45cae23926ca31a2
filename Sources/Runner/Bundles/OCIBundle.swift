import Core
import Foundation

/// What goes into a container's `config.json`. Pure: the same description always gives the same configuration.
struct OCIBundle: Sendable {
    /// Absolute path of the bundle's own folder; holds `etc/`.
    var directory: String
    /// What is the container's root: the shared skeleton, or a file system of packages.
    var skeleton: String
    /// Path on the host of the program that a file system of packages is given as the first of every container; `nil` for
    /// the skeleton, to which the host's `/usr` belongs.
    var initProgram: String?
    /// Names in the host's `/etc` to show.
    var sharedConfiguration: [String]
    var groups: ControlGroups
    /// Path of the container's group below the groups' root.
    var groupPath: String
    var seccomp: OCISpecification.Seccomp
    var hostname: String
    /// Path of the network namespace to join; `nil` for one of its own, with nothing but loopback.
    var network: String?
    /// Host path of `/app`.
    var app: String
    var isAppWritable: Bool
    /// Host path of what is writable at `ContainerTask.cachePath`; `nil` for nothing.
    var cache: String?
    /// Writable folders below `/app`.
    var volumes: [VolumeMount] = []
    var account: UInt32
    var arguments: [String]
    var environment: [String: String]
    /// Folder below `/app` that the first process starts in; empty for `/app` itself.
    var workingDirectory: String
    var limits: ContainerLimits
    /// Highest number of open files that the server itself may have; a container cannot get more.
    var openFiles: UInt64
    /// Bytes that one file may have; `nil` for any number.
    var fileSize: Int?
    /// Added to the kernel's judgement of whom to kill when the machine has no memory left.
    var oomScoreAdjustment: Int

    /// Where programs are looked for.
    static let path = "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/cmdline", "/proc/config.gz", "/proc/interrupts", "/proc/kallsyms",
        "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/latency_stats", "/proc/modules", "/proc/sched_debug",
        "/proc/scsi", "/proc/swaps", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
    ]
    static let readOnlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
    private static let cpuPeriod = 100_000

    var specification: OCISpecification {
        OCISpecification(
            process: .init(
                user: .init(uid: account, gid: account, umask: 0o022), args: arguments, env: processEnvironment,
                cwd: workingDirectory.isEmpty ? "/app" : "/app/\(workingDirectory)",
                rlimits: resourceLimits, oomScoreAdj: oomScoreAdjustment),
            root: .init(path: skeleton, readonly: true), hostname: hostname, mounts: mounts,
            linux: .init(
                namespaces: ["pid", "ipc", "uts", "mount", "cgroup"].map { .init(type: $0) }
                    + [.init(type: "network", path: network)],
                cgroupsPath: groupPath, resources: resources, seccomp: seccomp, maskedPaths: Self.maskedPaths,
                readonlyPaths: Self.readOnlyPaths))
    }

    /// `specification` as the text of `config.json`.
    func encoded() throws(PlatformError) -> Data {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(specification)
        } catch {
            throw .internal("a container could not be described", cause: error)
        }
    }

    /// `/tmp` is the only place that a process can always write to, so it is its home.
    private var processEnvironment: [String] {
        let standard = ["PATH": Self.path, "HOME": "/tmp", "LANG": "C.UTF-8"]
        return standard.merging(environment, uniquingKeysWith: { $1 }).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
    }

    private var resourceLimits: [OCISpecification.ResourceLimit] {
        [("RLIMIT_NOFILE", min(openFiles, 65_536)), ("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", fileSize.map { UInt64($0) })]
            .compactMap { type, limit in limit.map { .init(type: type, hard: $0, soft: $0) } }
    }

    /// Every file takes memory of the kernel's besides its content.
    private var temporaryOptions: [String] {
        ["mode=1777", "size=\(limits.temporary)", "nr_inodes=\(max(1024, limits.temporary >> 12))"]
    }

    private var mounts: [OCISpecification.Mount] {
        var mounts: [OCISpecification.Mount] = [
            .init(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            .init(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
            .init(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev"] + temporaryOptions),
            .init(
                destination: "/tmp", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "nodev"] + temporaryOptions),
        ]
        if let initProgram {
            mounts.append(bind(initProgram, at: RootfsFolder.initProgram))
            mounts += RootfsFolder.ownConfiguration.map { bind("\(directory)/etc/\($0)", at: "/etc/\($0)") }
        } else {
            mounts += [bind("/usr", at: "/usr"), bind("\(directory)/etc", at: "/etc")]
        }
        mounts += sharedConfiguration.map { bind("/etc/\($0)", at: "/etc/\($0)") }
        mounts.append(bind(app, at: "/app", isWritable: isAppWritable))
        if let cache { mounts.append(bind(cache, at: ContainerTask.cachePath, isWritable: true)) }
        // Runtimes size their heap by the memory limit that they find here.
        switch groups.version {
        case .v2:
            mounts.append(
                .init(
                    destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                    options: ["ro", "nosuid", "noexec", "nodev"]))
        case .v1:
            mounts.append(bind(groups.memoryDirectory(of: groupPath), at: "/sys/fs/cgroup/memory"))
        }
        // Last: no other mount's place is looked for in what a tenant may change meanwhile.
        mounts += volumes.map { bind($0.source, at: "/app/\($0.path)", isWritable: true) }
        return mounts
    }

    private func bind(_ source: String, at destination: String, isWritable: Bool = false) -> OCISpecification.Mount {
        .init(
            destination: destination, type: "bind", source: source,
            options: ["bind", "private", isWritable ? "rw" : "ro", "nosuid", "nodev"])
    }

    private var resources: OCISpecification.Resources {
        .init(
            devices: [.init(allow: false, access: "rwm")],
            // The same number for both: memory and swap together, so no swap.
            memory: .init(limit: limits.memory, swap: groups.limitsSwap ? limits.memory : nil),
            cpu: .init(quota: max(1000, limits.milliCPU * Self.cpuPeriod / 1000), period: Self.cpuPeriod),
            pids: .init(limit: limits.processes),
            unified: groups.version == .v2 ? ["memory.oom.group": "1"] : nil)
    }
}
