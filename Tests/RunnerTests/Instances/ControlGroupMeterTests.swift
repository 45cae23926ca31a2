import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

/// The meter over trees of files that look like the kernel's.
@Suite struct ControlGroupMeterTests {
    private static let group = "/berth/main/i1"

    private let root: TemporaryDirectory
    private let instance = ID<Instance>()

    init() throws { root = try TemporaryDirectory("berth-cgroups") }

    private func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: root.path(path))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func groups(_ version: ControlGroups.Version) -> ControlGroups {
        ControlGroups(root: root.path, version: version)
    }

    /// Writes the counters as the version has them.
    private func count(
        _ version: ControlGroups.Version, memory: Int, reclaimable: Int, limit: Int?, cpuMicroseconds: Int
    ) throws {
        switch version {
        case .v2:
            let group = String(Self.group.dropFirst())
            try write("\(memory)\n", to: "\(group)/memory.current")
            try write(limit.map { "\($0)\n" } ?? "max\n", to: "\(group)/memory.max")
            try write("anon 1\ninactive_file \(reclaimable)\nactive_file 5\n", to: "\(group)/memory.stat")
            try write("usage_usec \(cpuMicroseconds)\nuser_usec 1\nsystem_usec 1\n", to: "\(group)/cpu.stat")
        case .v1:
            try write("\(memory)\n", to: "memory\(Self.group)/memory.usage_in_bytes")
            try write("\(limit ?? 9_223_372_036_854_771_712)\n", to: "memory\(Self.group)/memory.limit_in_bytes")
            try write(
                "cache 9\ninactive_file 1\ntotal_inactive_file \(reclaimable)\n",
                to: "memory\(Self.group)/memory.stat")
            try write("\(cpuMicroseconds * 1000)\n", to: "cpuacct\(Self.group)/cpuacct.usage")
        }
    }

    @Test(arguments: [ControlGroups.Version.v1, .v2])
    func `memory is what the kernel cannot take back, and a limit only when there is one`(
        _ version: ControlGroups.Version
    ) throws {
        try count(version, memory: 50_000_000, reclaimable: 8_000_000, limit: 268_435_456, cpuMicroseconds: 1_500_000)
        #expect(
            groups(version).usage(of: Self.group)
                == ControlGroupUsage(memory: 42_000_000, memoryLimit: 268_435_456, cpuSeconds: 1.5))
        try count(version, memory: 5, reclaimable: 8, limit: nil, cpuMicroseconds: 0)
        #expect(
            groups(version).usage(of: Self.group) == ControlGroupUsage(memory: 0, memoryLimit: 0, cpuSeconds: 0))
        #expect(groups(version).usage(of: "/berth/main/none") == nil)
    }

    @Test(arguments: [ControlGroups.Version.v1, .v2])
    func `two looks give the use of the time between them, and of all the time`(
        _ version: ControlGroups.Version
    ) throws {
        let meter = ControlGroupMeter(groups: groups(version))
        let start = ContinuousClock.now
        func look(after seconds: Double, cpu: Int) throws -> InstanceUsage? {
            try count(version, memory: 1000, reclaimable: 0, limit: 2000, cpuMicroseconds: cpu)
            meter.look(at: [instance: Self.group], now: start + .seconds(seconds))
            return meter.usage(of: [instance])[instance]
        }
        let first = try #require(try look(after: 0, cpu: 10_000_000))
        #expect(first.cpuSeconds == 10 && first.currentPercent == 0 && first.averagePercent == 0)
        // One second of processor time in four.
        let second = try #require(try look(after: 4, cpu: 11_000_000))
        #expect(second.currentPercent == 25 && second.averagePercent == 25)
        // Two processors' worth for two seconds: 5 of 6 seconds over all.
        let third = try #require(try look(after: 6, cpu: 15_000_000))
        #expect(third.currentPercent == 200)
        #expect(abs(third.averagePercent - 500.0 / 6) < 1e-6)
        // Less than before: a new container, from whose beginning it counts again.
        let fourth = try #require(try look(after: 8, cpu: 1_000_000))
        #expect(fourth.currentPercent == 0 && fourth.averagePercent == 0 && fourth.cpuSeconds == 1)
    }

    @Test func `what is not looked at any more is forgotten`() throws {
        try count(.v2, memory: 1, reclaimable: 0, limit: nil, cpuMicroseconds: 0)
        let meter = ControlGroupMeter(groups: groups(.v2))
        meter.look(at: [instance: Self.group])
        #expect(meter.usage(of: [instance]).count == 1)
        meter.look(at: [ID(): "/berth/main/gone"])
        #expect(meter.usage(of: [instance]).isEmpty)
    }
}
