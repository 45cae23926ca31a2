import Blocking
import Core
import Synchronization

extension ContainerRunner {
    /// How often it is looked at what the disk has left.
    private static let diskInterval = Duration.milliseconds(100)

    /// Begins to watch a task, which ends when it has more on disk than it may, or the most of all when the disk is down to
    /// the server's reserve. Apart from the limits of time and processes: going through folders takes a while.
    func watchDisk(of task: ContainerTask, name: String, ending: TaskEnding) -> Task<Void, Never> {
        let (groups, group) = (runtime.groups, runtime.group(of: name))
        let writer = DiskWriters.Writer(
            folders: [task.directory, task.cache].compactMap { $0 }, ending: ending,
            processes: { groups.processes(of: group) })
        diskWriters.add(name, writer)
        return Task { await self.look(at: writer, of: task, name: name) }
    }

    /// Does not wait for a look that has begun: it may be in the midst of a large folder.
    func endWatch(_ watch: Task<Void, Never>, name: String) {
        watch.cancel()
        diskWriters.remove(name)
    }

    private func look(at writer: DiskWriters.Writer, of task: ContainerTask, name: String) async {
        let ending = writer.ending
        var files = DiskWatch(folders: writer.folders, limit: task.disk)
        var volumes = DiskWatch(folders: task.volumes.map(\.source), limit: task.volumeLimit)
        while (try? await Task.sleep(for: Self.diskInterval)) != nil, ending.reason == nil {
            (files, volumes) = await diskPool.run {
                [files, volumes, diskWriters] () throws(Never) -> (DiskWatch, DiskWatch) in
                var (files, volumes) = (files, volumes)
                diskWriters.makeRoom(on: task.directory)
                if ending.reason == nil, let excess = files.look(processes: writer.processes) {
                    ending.set(Self.reason(excess))
                    diskWriters.leave(name)
                }
                if volumes.look(processes: writer.processes) != nil { ending.set(.tooMuchInVolumes) }
                return (files, volumes)
            }
        }
    }

    /// Descriptors of an instance that are looked at for files without a name.
    private static let descriptorLimit = 65_536

    public func unnamedBytes(of id: ID<Instance>) async -> Int {
        guard let supervisor = supervisors.withLock({ $0[id] }), let folder = await supervisor.volumes.first else {
            return 0
        }
        let (groups, group) = (runtime.groups, runtime.group(of: supervisor.name))
        return await diskPool.run { () throws(Never) -> Int in
            var use = FolderUse()
            let isWhole = use.addUnnamedFiles(
                of: groups.processes(of: group), besides: folder, atMost: Self.descriptorLimit)
            return isWhole ? use.bytes : .max
        }
    }

    private static func reason(_ excess: FolderUse.Excess) -> TaskEnding.Reason {
        switch excess {
        case .bytes: .tooMuchDisk
        case .entries: .tooManyFiles
        case .depth: .tooDeep
        }
    }
}
