import Glibc

/// Which controllers the groups of v2 have (the kernel's cgroup-v2.rst, "Controlling Controllers").
extension ControlGroups {
    /// Those that limits of containers are kept with.
    private static let controllers = ["cpu", "io", "memory", "pids"]
    /// For the processes that were at the top of a container that the server itself is in.
    private static let innerGroup = "init"

    /// Has a folder's groups get the controllers that it has. Best effort.
    func handDownControllers(in folder: String) {
        let missing = missingControllers(in: folder)
        guard !missing.isEmpty, !handDown(missing, in: folder) else { return }
        if folder == root, emptyTop() { _ = handDown(missing, in: folder) }
        // A write that one of them stands against changes nothing.
        for controller in missingControllers(in: folder) { _ = handDown([controller], in: folder) }
    }

    /// What a folder has and does not hand down. A name that it does not have would have the kernel refuse all of them.
    private func missingControllers(in folder: String) -> [String] {
        func words(_ file: String) -> Set<String> {
            Set((HostFiles.text("\(folder)/\(file)") ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
        }
        let (present, handedDown) = (words("cgroup.controllers"), words("cgroup.subtree_control"))
        return Self.controllers.filter { present.contains($0) && !handedDown.contains($0) }
    }

    private func handDown(_ controllers: [String], in folder: String) -> Bool {
        HostFiles.set("\(folder)/cgroup.subtree_control", controllers.map { "+\($0)" }.joined(separator: " "))
    }

    /// Moves the processes at the top into a group: a group with processes of its own hands nothing down ("No Internal Process
    /// Constraint"). The kernel's own top may do both; it has no type. Any other is that of a container, and all processes there are
    /// the container's. Whether it did anything.
    private func emptyTop() -> Bool {
        let processes = processes(of: "").filter { $0 > 0 }
        guard HostFiles.exists("\(root)/cgroup.type"), !processes.isEmpty else { return false }
        let group = "\(root)/\(Self.innerGroup)"
        try? HostFiles.makeDirectory(group, mode: 0o755)
        for process in processes { HostFiles.set("\(group)/cgroup.procs", "\(process)") }
        return true
    }
}
