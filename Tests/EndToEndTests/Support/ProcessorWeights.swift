import Foundation

/// The machine's control groups as far as they share the processors out, in either version.
struct ProcessorWeights: Sendable {
    private let root: String
    /// Where a group's weight stands, and what the kernel puts there.
    private let file: (name: String, usual: Double)
    private let isUnified: Bool

    init() {
        isUnified = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")
        root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu"
        file = isUnified ? ("cpu.weight", 100) : ("cpu.shares", 1024)
    }

    /// What a process in the group gets when everything is busy, as a part of what one beside all groups gets. A group
    /// without a weight of its own takes what the one above it has.
    func weight(of group: String) -> Double {
        var (path, product) = (root, 1.0)
        for name in group.split(separator: "/") {
            path += "/\(name)"
            let text = Self.text("\(path)/\(file.name)").trimmingCharacters(in: .whitespacesAndNewlines)
            if let weight = Double(text) { product *= weight / file.usual }
        }
        return product
    }

    /// The group that a process is in (cgroups(7), "/proc/pid/cgroup").
    func group(of process: pid_t) -> String? {
        for line in Self.text("/proc/\(process)/cgroup").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            if isUnified ? fields[0] == "0" : controllers.contains("cpu") { return String(fields[2]) }
        }
        return nil
    }

    /// Groups of containers in a group and in those of the users in it.
    func containers(below group: String) -> [String] {
        let users = children(of: group).filter { $0.hasPrefix("u-") }.map { "\(group)/\($0)" }
        return ([group] + users).flatMap { parent in
            children(of: parent).filter { $0.hasPrefix("i-") || $0.hasPrefix("t-") }.map { "\(parent)/\($0)" }
        }
    }

    /// Ends the processes of a group that run a program. Returns whether there was one.
    func end(_ program: String, in group: String) -> Bool {
        let processes = Self.text("\(root)\(group)/cgroup.procs").split(separator: "\n").compactMap { pid_t($0) }
        let found = processes.filter { Self.text("/proc/\($0)/comm") == "\(program)\n" }
        for process in found { kill(process, SIGTERM) }
        return !found.isEmpty
    }

    private func children(of group: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + group)) ?? []).sorted()
    }

    /// Read to its end: the kernel's files have no size.
    private static func text(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
