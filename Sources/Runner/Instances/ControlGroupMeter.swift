import Core
import Synchronization

/// What instances use, by their control groups. `look` reads them once in a while; `usage` tells what was seen.
public final class ControlGroupMeter: InstanceMeter {
    private struct Sample {
        let firstSeen: ContinuousClock.Instant
        let firstSeconds: Double
        let seen: ContinuousClock.Instant
        var usage: InstanceUsage
    }

    private let groups: ControlGroups
    private let samples = Mutex<[ID<Instance>: Sample]>([:])

    init(groups: ControlGroups) { self.groups = groups }

    public func usage(of instances: [ID<Instance>]) -> [ID<Instance>: InstanceUsage] {
        samples.withLock { samples in
            var known: [ID<Instance>: InstanceUsage] = [:]
            for id in instances { known[id] = samples[id]?.usage }
            return known
        }
    }

    /// Reads the groups of these instances, and forgets all others.
    func look(at paths: [ID<Instance>: String], now: ContinuousClock.Instant = .now) {
        let old = samples.withLock { $0 }
        var new: [ID<Instance>: Sample] = [:]
        for (id, path) in paths {
            guard let read = groups.usage(of: path) else { continue }
            new[id] = Self.sample(read, after: old[id], now: now)
        }
        samples.withLock { $0 = new }
    }

    private static func sample(
        _ read: ControlGroupUsage, after old: Sample?, now: ContinuousClock.Instant
    ) -> Sample {
        var usage = InstanceUsage(
            memory: read.memory, memoryLimit: read.memoryLimit, cpuSeconds: read.cpuSeconds, currentPercent: 0,
            averagePercent: 0)
        // Less than before: the container was started anew.
        guard let old, old.usage.cpuSeconds <= read.cpuSeconds else {
            return Sample(firstSeen: now, firstSeconds: read.cpuSeconds, seen: now, usage: usage)
        }
        usage.currentPercent = percent(read.cpuSeconds - old.usage.cpuSeconds, over: now - old.seen)
        usage.averagePercent = percent(read.cpuSeconds - old.firstSeconds, over: now - old.firstSeen)
        return Sample(firstSeen: old.firstSeen, firstSeconds: old.firstSeconds, seen: now, usage: usage)
    }

    private static func percent(_ seconds: Double, over time: Duration) -> Double {
        let time = time / .seconds(1)
        return time > 0 ? seconds * 100 / time : 0
    }
}

/// A group's counters.
struct ControlGroupUsage: Sendable, Hashable {
    /// Bytes, without file pages that the kernel takes back when it needs them.
    var memory: Int
    /// Bytes; zero when there is no limit.
    var memoryLimit: Int
    var cpuSeconds: Double
}

extension ControlGroups {
    /// The counters of group `path`; `nil` when there is no such group.
    func usage(of path: String) -> ControlGroupUsage? {
        let memory = memoryDirectory(of: path)
        let names =
            version == .v2
            ? (used: "memory.current", limit: "memory.max", reclaimable: "inactive_file")
            : (used: "memory.usage_in_bytes", limit: "memory.limit_in_bytes", reclaimable: "total_inactive_file")
        guard let used = number("\(memory)/\(names.used)") else { return nil }
        let reclaimable = field(names.reclaimable, in: "\(memory)/memory.stat") ?? 0
        let limit = number("\(memory)/\(names.limit)") ?? 0
        return ControlGroupUsage(
            memory: max(0, used - reclaimable),
            // Without a limit, v1 says the largest number of pages there is.
            memoryLimit: limit > Int.max / 2 ? 0 : limit, cpuSeconds: cpuSeconds(of: path))
    }

    /// Processor time of the group with those below it; 0 where there is none.
    func cpuSeconds(of path: String) -> Double {
        switch version {
        case .v2: Double(field("usage_usec", in: "\(root)\(path)/cpu.stat") ?? 0) / 1e6
        case .v1: Double(number("\(root)/cpuacct\(path)/cpuacct.usage") ?? 0) / 1e9
        }
    }

    private func number(_ file: String) -> Int? {
        HostFiles.text(file).flatMap { text in text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } }
    }

    private func field(_ name: String, in file: String) -> Int? {
        for line in (HostFiles.text(file) ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == name { return Int(parts[1]) }
        }
        return nil
    }
}
