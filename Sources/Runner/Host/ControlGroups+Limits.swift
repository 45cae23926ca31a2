import Core
import Foundation
import Glibc

extension ControlGroups {
    /// What a group with groups in it is limited to; `nil` leaves a limit as it is.
    struct Limits: Sendable, Hashable {
        /// Bytes, swap included.
        var memory: Int?
        /// Processors, in thousandths.
        var milliCPU: Int?
        var processes: Int?
        /// Share of the processors among its neighbours when they are all busy, in per cent of the usual one.
        var weight: Int?
        /// Whether its processes give way at once to every neighbour that wakes, and the weight is that of idleness.
        var isIdle: Bool?
        /// Share of the disk's time in the same way, where the kernel shares that out.
        var diskWeight: Int?

        /// Names of the controllers that it needs.
        fileprivate var controllers: [String] {
            [
                memory.map { _ in "memory" }, (milliCPU ?? weight).map { _ in "cpu" },
                diskWeight.map { _ in "blkio" }, processes.map { _ in "pids" },
            ].compactMap { $0 }
        }
    }

    /// Length of the periods in which a processor limit is counted, µs.
    private static let period = 100_000

    /// Makes the group where its limits are kept, with those above it, and sets them. Best effort: a kernel without a
    /// controller has no such limit.
    func prepare(_ path: String, _ limits: Limits) {
        switch version {
        case .v1:
            // The folder that the hierarchies are in is an ordinary one: nothing is to be made beside them.
            for controller in limits.controllers where HostFiles.exists("\(root)/\(controller)") {
                try? HostFiles.makeDirectory("\(root)/\(controller)\(path)", mode: 0o755)
            }
        case .v2:
            // Files of a controller are in a group once all those above it hand the controller down (cgroups(7)).
            var folder = root
            for name in path.split(separator: "/") {
                handDownControllers(in: folder)
                folder += "/\(name)"
                try? HostFiles.makeDirectory(folder, mode: 0o755)
            }
        }
        set(limits, of: path)
    }

    /// Sets the limits of a group that is there, those that can be. Whether all could.
    @discardableResult
    func set(_ limits: Limits, of path: String) -> Bool {
        files(of: limits, path: path).reduce(true) { areSet, file in HostFiles.set(file.file, file.value) && areSet }
    }

    /// What is written where for these limits.
    func files(of limits: Limits, path: String) -> [(file: String, value: String)] {
        var files: [(String, String)] = []
        func add(_ controller: String, _ name: String, _ value: String) {
            files.append(("\(root)\(version == .v1 ? "/\(controller)" : "")\(path)/\(name)", value))
        }
        switch version {
        case .v1:
            if let memory = limits.memory {
                // Memory alone must not be over both together, so twice: one of the first two is refused where the limit
                // changes.
                add("memory", "memory.limit_in_bytes", "\(memory)")
                if limitsSwap { add("memory", "memory.memsw.limit_in_bytes", "\(memory)") }
                add("memory", "memory.limit_in_bytes", "\(memory)")
            }
            if let milliCPU = limits.milliCPU {
                add("cpu", "cpu.cfs_period_us", "\(Self.period)")
                add("cpu", "cpu.cfs_quota_us", "\(milliCPU * Self.period / 1000)")
            }
            // While it is idle a group takes no weight, and afterwards it has the usual one.
            if limits.isIdle == false { add("cpu", "cpu.idle", "0") }
            if let weight = limits.weight { add("cpu", "cpu.shares", "\(max(2, weight * 1024 / 100))") }
            if limits.isIdle == true { add("cpu", "cpu.idle", "1") }
            if let weight = limits.diskWeight { add("blkio", "blkio.bfq.weight", "\(max(1, weight))") }
        case .v2:
            if let memory = limits.memory {
                add("memory", "memory.max", "\(memory)")
                add("memory", "memory.swap.max", "0")
            }
            if let milliCPU = limits.milliCPU {
                add("cpu", "cpu.max", "\(milliCPU * Self.period / 1000) \(Self.period)")
            }
            if limits.isIdle == false { add("cpu", "cpu.idle", "0") }
            if let weight = limits.weight { add("cpu", "cpu.weight", "\(max(1, weight))") }
            if limits.isIdle == true { add("cpu", "cpu.idle", "1") }
            if let weight = limits.diskWeight {
                for name in ["io.weight", "io.bfq.weight"] { add("io", name, "default \(max(1, weight))") }
            }
        }
        if let processes = limits.processes { add("pids", "pids.max", "\(processes)") }
        return files
    }

    /// How often the group, or one below it, was refused a process.
    func refusedProcesses(_ path: String) -> Int {
        let file = version == .v2 ? "\(root)\(path)/pids.events" : "\(root)/pids\(path)/pids.events"
        for line in (HostFiles.text(file) ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == "max" { return Int(fields[1]) ?? 0 }
        }
        return 0
    }

    /// The processes in the group itself.
    func processes(of path: String) -> [Int32] {
        guard let folder = directories(of: path).first(where: { HostFiles.exists("\($0)/cgroup.procs") }) else {
            return []
        }
        return (HostFiles.text("\(folder)/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
    }

    /// Puts a process into the group, for the processor controller only where each has a hierarchy.
    func addForProcessor(_ pid: Int32, to path: String) {
        HostFiles.set("\(root)\(version == .v1 ? "/cpu" : "")\(path)/cgroup.procs", "\(pid)")
    }

    /// Removes an empty group everywhere; one with groups in it stays.
    func removeEmpty(_ path: String) { for directory in directories(of: path) { rmdir(directory) } }
}
