import Core
import Foundation
import Synchronization

/// The control groups above those of the containers:
/// ```
/// /berth                           half of the usual weight: what is beside it, the server too, comes first
///   /<node>/u-<user>/i-…            an instance, within what its user's instances may use together
///   /<node>/monitors/i-…            the process that keeps an instance's output: a twentieth of a processor
///   /<node>/hooks                   the operator's programs
/// /berth-builds-<node>             an eighth of the usual weight, and idle while it gets anything so
///   /u-<user>/t-…                   a build, within what its user's builds may use together
///   /packages                       what makes file systems of packages
/// ```
/// Who is idle is told among neighbours only, so builds are beside all that is to come before them: the router, too.
/// A user's group is there while a container is in it.
final class GroupTree: Sendable {
    private static let machineGroup = "/berth"
    /// Per cent of the usual weight.
    private static let weight = 50
    private static let buildWeight = 12
    /// What an instance that writes without end costs the machine: its output is taken no faster, and it waits.
    private static let monitorMilliCPU = 50

    private let groups: ControlGroups
    private let paths: RuntimePaths
    private let shares: [ContainerKind: ShareLimits]
    private let buildPriority: BuildPriority
    private let buildYield = Mutex(BuildYield(processors: ProcessInfo.processInfo.activeProcessorCount))
    /// Containers by the user's group that they are in.
    private let members = Mutex<[String: Set<String>]>([:])

    init(
        groups: ControlGroups, paths: RuntimePaths, builds: ShareLimits, instances: ShareLimits,
        buildPriority: BuildPriority
    ) {
        self.groups = groups
        self.paths = paths
        shares = [.build: builds, .instance: instances]
        self.buildPriority = buildPriority
    }

    /// Makes what all containers are in, with its weights.
    func prepare() {
        groups.prepare(Self.machineGroup, .init(weight: Self.weight))
        weighBuilds(areIdle: buildPriority == .idle)
    }

    /// Has builds give way to all else on the machine, or not while they get nothing so. Once a second.
    func weighBuilds(areRunning: Bool, now: ContinuousClock.Instant = .now) {
        guard buildPriority == .idle else { return }
        let builds = groups.cpuSeconds(of: paths.builds)
        let usage = BuildYield.Usage(builds: builds, others: groups.cpuSeconds(of: "") - builds)
        let areIdle = buildYield.withLock { $0.look(usage, isBuilding: areRunning, now: now) ? $0.isIdle : nil }
        if let areIdle { weighBuilds(areIdle: areIdle) }
    }

    private func weighBuilds(areIdle: Bool) {
        groups.prepare(paths.builds, .init(weight: Self.buildWeight, isIdle: areIdle, diskWeight: Self.buildWeight))
    }

    /// Where a container's group is to be; the one above it is made with its limits.
    func enter(_ name: String, owner: ID<User>?) -> String {
        guard let group = parent(of: name, owner: owner) else { return path(name, owner: nil) }
        let share = shares[ContainerKind(name: name)] ?? ShareLimits()
        members.withLock { members in
            if members[group, default: []].insert(name).inserted, members[group]?.count == 1 {
                groups.prepare(
                    group, .init(memory: share.memory, milliCPU: share.milliCPU, processes: share.processes))
            }
        }
        return path(name, owner: owner)
    }

    /// A container's limits within the share that it takes from: v1 does not make a group that may take more of the
    /// processors than the one above it.
    func fit(_ limits: ContainerLimits, of name: String) -> ContainerLimits {
        var limits = limits
        if let share = shares[ContainerKind(name: name)]?.milliCPU { limits.milliCPU = min(limits.milliCPU, share) }
        return limits
    }

    /// The container is gone; the user's group goes with the last one.
    func leave(_ name: String, owner: ID<User>?) {
        guard let group = parent(of: name, owner: owner) else { return }
        members.withLock { members in
            guard members[group]?.remove(name) != nil, members[group]?.isEmpty == true else { return }
            members[group] = nil
            groups.removeEmpty(group)
        }
    }

    /// Limits what the keeper of an instance's output takes.
    func enter(monitor pid: Int32, of name: String) {
        groups.prepare(paths.monitor(name), .init(milliCPU: Self.monitorMilliCPU))
        groups.addForProcessor(pid, to: paths.monitor(name))
    }

    /// The groups of all containers that the kernel has, by container.
    func containers() -> [String: String] {
        var found: [String: String] = [:]
        for root in [paths.group, paths.builds] {
            for parent in [root] + users(in: root) {
                for name in groups.children(of: parent) where Self.isContainer(name) {
                    found[name] = "\(parent)/\(name)"
                }
            }
        }
        return found
    }

    /// Removes what an earlier server has left of groups that are for others: users' without containers, and those of
    /// monitors of containers that are not in `kept`.
    func removeEmpty(except kept: Set<String>) {
        let used = members.withLock { Set($0.keys) }
        for user in users(in: paths.group) + users(in: paths.builds) where !used.contains(user) {
            groups.removeEmpty(user)
        }
        for name in groups.children(of: paths.monitors) where !kept.contains(name) {
            groups.removeEmpty(paths.monitor(name))
        }
    }

    private func users(in root: String) -> [String] {
        groups.children(of: root).filter { $0.hasPrefix("u-") }.map { "\(root)/\($0)" }
    }

    private static func isContainer(_ name: String) -> Bool { name.hasPrefix("i-") || name.hasPrefix("t-") }

    private func path(_ name: String, owner: ID<User>?) -> String {
        "\(parent(of: name, owner: owner) ?? root(of: name))/\(name)"
    }

    private func parent(of name: String, owner: ID<User>?) -> String? {
        owner.map { "\(root(of: name))/u-\($0.hex)" }
    }

    private func root(of name: String) -> String {
        ContainerKind(name: name) == .build ? paths.builds : paths.group
    }
}
