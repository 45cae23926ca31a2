extension ControlGroups {
    /// Whose limit was at fault when the kernel killed for want of memory.
    enum OutOfMemoryKill: Sendable, Hashable {
        case ownLimit
        /// That of a group above, or the machine's end.
        case sharedLimit
    }

    /// How many processes of the group were killed for want of memory.
    func memoryKills(_ path: String) -> Int { Self.count("oom_kill", in: memoryEvents(of: path)) }

    /// Whether processes of the group were killed for want of memory, and why.
    func outOfMemoryKill(_ path: String) -> OutOfMemoryKill? {
        guard memoryKills(path) > 0 else { return nil }
        let folder = memoryDirectory(of: path)
        let isOwn =
            switch version {
            // How often the group, or one below it, had nothing left to give back at its own limit. That it was at it (`max`) is
            // no sign: files that were read bring any group there.
            case .v2: Self.count("oom", in: memoryEvents(of: path)) > 0
            // Not every kernel counts that on v1; how much the group has had at most, each of them tells.
            case .v1:
                Self.number("\(folder)/memory.max_usage_in_bytes")
                    >= Self.number("\(folder)/memory.limit_in_bytes") - Self.slack
            }
        return isOwn ? .ownLimit : .sharedLimit
    }

    /// Bytes that the kernel takes in advance for one processor or another.
    private static let slack = 1 << 20

    private func memoryEvents(of path: String) -> String {
        "\(memoryDirectory(of: path))/\(version == .v2 ? "memory.events" : "memory.oom_control")"
    }

    private static func number(_ path: String) -> Int {
        HostFiles.text(path).flatMap { Int($0.filter { $0.isNumber }) } ?? 0
    }

    /// A counter in a file with one a line, its name in front.
    private static func count(_ name: String, in path: String) -> Int {
        for line in (HostFiles.text(path) ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == name { return Int(fields[1]) ?? 0 }
        }
        return 0
    }
}
