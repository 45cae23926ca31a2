import Glibc

/// The mounts of the host's mount namespace (proc_pid_mountinfo(5)).
enum MountTable {
    /// Mount points in `table` at or below `directory`, deepest last mounted first.
    static func points(below directory: String, in table: String) -> [String] {
        points(in: table).filter { $0 == directory || $0.hasPrefix(directory + "/") }.reversed()
    }

    /// All mount points, in the order in which they were mounted.
    static func points(in table: String) -> [String] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 ? unescaped(String(fields[4])) : nil
        }
    }

    static func points(below directory: String) -> [String] {
        points(below: directory, in: current)
    }

    /// Mount points as a process sees them; `nil` when there is no such process.
    static func points(of process: ProcessIdentity) -> [String]? {
        guard let table = HostFiles.text("/proc/\(process.pid)/mountinfo"), process.isAlive else { return nil }
        return points(in: table)
    }

    /// This process' own table.
    static var current: String { HostFiles.text("/proc/self/mountinfo") ?? "" }

    /// Type of the file system that is mounted at `point`, the topmost one; `nil` when it is no mount point.
    static func type(at point: String, in table: String) -> String? {
        table.split(separator: "\n").last { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 && unescaped(String(fields[4])) == point
        }.flatMap { line in
            let fields = line.split(separator: " ")
            guard let separator = fields.firstIndex(of: "-"), separator + 1 < fields.count else { return nil }
            return String(fields[separator + 1])
        }
    }

    /// Whether a namespace is mounted at `path`: all of them lie on one device (nsfs, namespaces(7)).
    static func isNamespace(_ path: String) -> Bool {
        var mounted = stat()
        var own = stat()
        return stat(path, &mounted) == 0 && stat("/proc/self/ns/net", &own) == 0 && mounted.st_dev == own.st_dev
    }

    /// Detaches every mount at `path`; fine when there is none.
    static func unmount(_ path: String) {
        while umount2(path, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) == 0 {}
    }

    /// Space, tab, newline and backslash are written as three octal digits.
    private static func unescaped(_ text: String) -> String {
        var result: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "\\"), bytes.count >= 3,
                let value = UInt8(String(decoding: bytes.prefix(3), as: UTF8.self), radix: 8)
            {
                result.append(value)
                bytes = bytes.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
