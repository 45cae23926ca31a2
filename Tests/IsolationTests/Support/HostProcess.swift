import Foundation

/// A process as the host sees it.
struct HostProcess: Sendable {
    let pid: Int
    let user: UInt32
    /// The last part of its control group: a container's name when it runs in one.
    let containerName: String

    /// Those that are in a container of whatever server, `i-…` and `t-…`.
    static func all() throws -> [HostProcess] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            guard let pid = Int(name), let groups = read("/proc/\(name)/cgroup") else { return nil }
            // On v1 a line a hierarchy; the controllers that have no group of ours are at the root.
            let names = groups.split(separator: "\n").compactMap { line in
                line.split(separator: ":", maxSplits: 2).last.map { (String($0) as NSString).lastPathComponent }
            }
            var info = stat()
            guard let container = names.first(where: { $0.hasPrefix("i-") || $0.hasPrefix("t-") }),
                stat("/proc/\(name)", &info) == 0, info.st_uid != 0
            else { return nil }
            return HostProcess(pid: pid, user: info.st_uid, containerName: container)
        }
    }

    func namespace(_ name: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(name)")
    }

    /// The command lines of every process of the machine.
    static func commandLines() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int($0) }.compactMap(commandLine)
    }

    /// The arguments of a process, a NUL after each; `nil` when it has ended.
    static func commandLine(of pid: Int) -> String? { read("/proc/\(pid)/cmdline") }

    /// Control groups are v2.
    static var hasUnifiedGroups: Bool {
        FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")
    }

    /// To its end: the kernel's files have no size.
    private static func read(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
