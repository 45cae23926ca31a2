import Core
import Foundation
import Glibc
import Logging
import Synchronization

extension ContainerRunner {
    public func recover(
        keep: Set<ID<Instance>>, logs: Set<ID<Instance>>
    ) async throws(PlatformError) -> RecoveredInstances {
        var found = RecoveredInstances()
        var leases: [NetworkLease] = []
        for (id, supervisor) in supervisors.withLock({ $0 }) where keep.contains(id) {
            found.endpoints[id] = await supervisor.endpoint
            leases.append(await supervisor.lease)
        }
        for name in HostFiles.names(in: runtime.paths.containers) {
            guard let record = InstanceRecord(path: runtime.paths.record(name)), name == InstanceRecord.name(record.id),
                keep.contains(record.id), found.endpoints[record.id] == nil
            else { continue }
            if let obstacle = await obstacle(to: record) {
                found.losses[record.id] = obstacle
                continue
            }
            await takeOver(record)
            found.endpoints[record.id] = record.endpoint
            leases.append(record.lease)
        }
        let kept = Set(found.endpoints.keys)
        for id in supervisors.withLock({ Array($0.keys) }) where !kept.contains(id) { await stop(id, grace: nil) }
        let removed = await sweep(
            keep: Set(kept.map { InstanceRecord.name($0) }), leases: leases, logs: kept.union(logs))
        found.strays = removed.subtracting(keep.union(logs).map { InstanceRecord.name($0) }).sorted()
        logger.info("instances recovered", metadata: ["kept": "\(kept.count)", "asked": "\(keep.count)"])
        replenishNetwork()
        return found
    }

    /// Stops every container and removes everything of ours from the machine: containers, network, cgroups, mounts and
    /// the runtime folder. Logs go too.
    public func removeAll() async {
        let supervisors = supervisors.withLock { $0 }
        await withDiscardingTaskGroup { group in
            for id in supervisors.keys { group.addTask { await self.stop(id, grace: nil) } }
        }
        _ = await sweep(keep: [], leases: [], logs: [])
        await network.remove()
        for point in MountTable.points(below: configuration.runtimeDirectory) { MountTable.unmount(point) }
        for group in [runtime.paths.group, runtime.paths.builds] { await runtime.groups.remove(group) }
        // The last server of the machine takes the folder that they share; another one's is not empty.
        for folder in runtime.groups.directories(of: "/berth") { rmdir(folder) }
        HostFiles.remove(configuration.runtimeDirectory)
    }

    /// Why an instance of an earlier server cannot be taken over; `nil` when it can. Looks again before it gives one up:
    /// what the earlier server had begun may still be changing the machine's mounts and links.
    private func obstacle(to record: InstanceRecord) async -> String? {
        var obstacle: String?
        for attempt in 0..<3 {
            if attempt > 0 { try? await Task.sleep(for: .milliseconds(30)) }
            if !record.isReady {
                return "it had not become ready"
            } else if let damage = network.damage(of: record.lease, process: record.process) {
                obstacle = damage
            } else if let mount = record.missingMount {
                obstacle = "the mount of \(mount) is gone"
            } else if !HostFiles.exists(runtime.paths.bundle(InstanceRecord.name(record.id)) + "/config.json") {
                obstacle = "its bundle is not there"
            } else {
                return nil
            }
        }
        return obstacle
    }

    private func takeOver(_ record: InstanceRecord) async {
        let supervisor = makeSupervisor(record)
        _ = runtime.tree.enter(supervisor.name, owner: record.owner)
        // Nobody would see it end, or let it begin: what the earlier server left half made goes, and `run` starts it again.
        if !HostFiles.exists(runtime.paths.exit(supervisor.name)), !runtime.runs(supervisor.name, as: record.process) {
            await runtime.delete(supervisor.name)
        }
        supervisors.withLock { $0[record.id] = supervisor }
    }

    /// Removes what is not in `keep`: container names, namespaces, log files. Returns the containers' names.
    private func sweep(keep: Set<String>, leases: [NetworkLease], logs: Set<ID<Instance>>) async -> Set<String> {
        let groups = runtime.tree.containers()
        let found = Set(HostFiles.names(in: runtime.paths.containers) + HostFiles.names(in: runtime.paths.state))
            .union(groups.keys).subtracting(keep)
        await withDiscardingTaskGroup { group in
            for name in found {
                group.addTask {
                    await self.runtime.delete(name)
                    // Its bundle, which knows the group, may be gone.
                    if let group = groups[name] { await self.runtime.groups.remove(group) }
                    let bundle = self.runtime.paths.bundle(name)
                    for point in MountTable.points(below: bundle) { MountTable.unmount(point) }
                    HostFiles.remove(bundle)
                    self.logger.debug("container removed", metadata: ["container": "\(name)"])
                }
            }
        }
        runtime.tree.removeEmpty(except: keep)
        for folder in [runtime.paths.exits, runtime.paths.sockets] {
            for name in HostFiles.names(in: folder) where !keep.contains(name) { HostFiles.remove("\(folder)/\(name)") }
        }
        await network.sweep(keep: leases)
        let files = Set(logs.map { logPath($0) })
        for name in HostFiles.names(in: configuration.logDirectory) {
            // What a server leaves that ends while it shortens a log is nobody's.
            let isHalf = name.hasSuffix(".new")
            var log = isHalf ? name.dropLast(4) : name[...]
            if log.hasSuffix(ContainerLog.notesSuffix) { log = log.dropLast(ContainerLog.notesSuffix.count) }
            guard log.hasSuffix(".log"), ID<Instance>(log.dropLast(4)) != nil,
                isHalf || !files.contains("\(configuration.logDirectory)/\(log)")
            else { continue }
            HostFiles.remove("\(configuration.logDirectory)/\(name)")
        }
        return found
    }
}
