/// How a container's process ended.
struct ContainerExit: Sendable, Hashable {
    /// As conmon tells it: 128 + n when signal n ended the process; `nil` when nobody saw it.
    let status: Int32?
    /// The memory limit that was hit, bytes.
    let memoryLimit: Int?

    /// What happened, to follow "the app".
    var description: String {
        if let memoryLimit { return "was killed: out of memory (limit \(Self.mebibytes(memoryLimit)))" }
        guard let status else { return "ended" }
        if let signal = Self.signal(status) { return "was killed by signal \(signal)" }
        return "exited with status \(status)"
    }

    /// The signal that a status stands for: shells, tini and conmon all report 128 + n.
    static func signal(_ status: Int32) -> Int32? { (129...159).contains(status) ? status - 128 : nil }

    private static func mebibytes(_ bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    }
}
