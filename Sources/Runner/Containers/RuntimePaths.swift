/// Where things of a server's containers are, below its runtime folder.
struct RuntimePaths: Sendable {
    let directory: String
    let node: String

    var skeleton: String { directory + "/rootfs" }
    var containers: String { directory + "/containers" }
    /// runc's own state.
    var state: String { directory + "/runc" }
    /// conmon writes an instance's exit status into a file of the container's name.
    var exits: String { directory + "/exits" }
    var sockets: String { directory + "/sockets" }

    /// Path of the group that all instances' groups are in, below the groups' root.
    var group: String { "/berth/\(node)" }

    func bundle(_ name: String) -> String { "\(containers)/\(name)" }
    /// The group of all builds: beside all others, so that everything that wakes on the machine comes before them.
    var builds: String { "/berth-builds-\(node)" }
    /// The group of what makes file systems of packages.
    var packages: String { builds + "/packages" }
    /// The group of the operator's hooks.
    var hooks: String { group + "/hooks" }
    /// The group of the process that keeps an instance's output.
    func monitor(_ name: String) -> String { "\(monitors)/\(name)" }
    var monitors: String { group + "/monitors" }
    /// A file with the path of the container's group.
    func groupFile(_ name: String) -> String { bundle(name) + "/group" }
    func exit(_ name: String) -> String { "\(exits)/\(name)" }
    func pidFile(_ name: String) -> String { bundle(name) + "/pid" }
    func conmonPIDFile(_ name: String) -> String { bundle(name) + "/conmon.pid" }
    func record(_ name: String) -> String { bundle(name) + "/record.json" }
}
