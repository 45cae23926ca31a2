import Core
import Foundation
import Glibc

/// The kernel's resource groups, in either version (cgroups(7)).
struct ControlGroups: Sendable {
    enum Version: Sendable, Hashable {
        /// One hierarchy a controller, each a folder of the root.
        case v1
        /// One hierarchy, the root itself.
        case v2
    }

    let root: String
    let version: Version

    init(root: String, version: Version) {
        self.root = root
        self.version = version
    }

    /// The version is told by the type of the file system at `root`: on v1 machines it is a tmpfs, even when an empty v2
    /// hierarchy is mounted beside.
    init(root: String = "/sys/fs/cgroup", mounts: String = MountTable.current) {
        self.init(root: root, version: MountTable.type(at: root, in: mounts) == "cgroup2" ? .v2 : .v1)
    }

    /// The folders of group `path` (`/berth/main/x`) in every hierarchy, existing or not.
    func directories(of path: String) -> [String] {
        switch version {
        case .v2: [root + path]
        case .v1:
            HostFiles.names(in: root).map { "\(root)/\($0)" }.filter { isRealDirectory($0) }.map { $0 + path }
        }
    }

    /// The folder of the group's memory controller.
    func memoryDirectory(of path: String) -> String {
        switch version {
        case .v2: root + path
        case .v1: "\(root)/memory\(path)"
        }
    }

    /// Whether memory and swap can be limited together. On v1 that is a kernel setting.
    var limitsSwap: Bool {
        version == .v2 || HostFiles.exists("\(root)/memory/memory.memsw.limit_in_bytes")
    }

    /// Names of the groups below `path`, in any hierarchy.
    func children(of path: String) -> Set<String> {
        var names: Set<String> = []
        for directory in directories(of: path) {
            names.formUnion(HostFiles.names(in: directory).filter { isRealDirectory("\(directory)/\($0)") })
        }
        return names
    }

    /// Kills what is left in the group and removes it everywhere. Fine when there is none.
    func remove(_ path: String) async {
        let deadline = ContinuousClock.now + Self.removalLimit
        while ContinuousClock.now < deadline, !removeOnce(group: path) {
            // Of a task of its own: that of a cancelled caller would not wait.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
    }

    /// As `remove`. Blocks meanwhile.
    func removeBlocking(_ path: String) {
        let deadline = ContinuousClock.now + Self.removalLimit
        while ContinuousClock.now < deadline, !removeOnce(group: path) { usleep(10_000) }
    }

    private static let removalLimit = Duration.seconds(5)

    /// Whether it is gone.
    private func removeOnce(group path: String) -> Bool {
        let left = directories(of: path).filter { HostFiles.exists($0) }
        for directory in left { removeOnce(directory) }
        return left.allSatisfy { !HostFiles.exists($0) }
    }

    private func removeOnce(_ directory: String) {
        for name in HostFiles.names(in: directory) where isRealDirectory("\(directory)/\(name)") {
            removeOnce("\(directory)/\(name)")
        }
        if rmdir(directory) == 0 { return }
        for line in (HostFiles.text("\(directory)/cgroup.procs") ?? "").split(separator: "\n") {
            if let pid = Int32(line), pid > 1 { kill(pid, SIGKILL) }
        }
    }

    private func isRealDirectory(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }
}
