/// How a container's process ended.
struct ContainerExit: Sendable, Hashable {
    /// As conmon tells it: 128 + n when signal n ended the process; `nil` when nobody saw it.
    let status: Int32?
    /// Why the kernel killed something of it, when it did so for want of memory.
    var outOfMemory: ControlGroups.OutOfMemoryKill?
    /// The container's own limit, bytes.
    var memoryLimit = 0

    /// What happened, to follow "the app".
    var description: String {
        if let outOfMemory { return "was killed: \(Self.reason(outOfMemory, limit: memoryLimit))" }
        guard let status else { return "ended" }
        if let signal = Self.signal(status) { return "was killed by signal \(signal)" }
        return "exited with status \(status)"
    }

    /// Why the kernel killed for want of memory, for people.
    static func reason(_ kill: ControlGroups.OutOfMemoryKill, limit: Int) -> String {
        switch kill {
        case .ownLimit: "out of memory (limit \(mebibytes(limit)))"
        case .sharedLimit: "out of memory (your apps together used all that they may)"
        }
    }

    /// The signal that a status stands for: shells, tini and conmon all report 128 + n.
    static func signal(_ status: Int32) -> Int32? { (129...159).contains(status) ? status - 128 : nil }

    private static func mebibytes(_ bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    }
}
