import Core
import Foundation
import Glibc

/// A file system of packages, as a container has it: read-only, with mount points for what every container has besides.
struct RootfsFolder: Sendable {
    let path: String

    /// Where the first process of every container is shown. Packages know nothing of it.
    static let initProgram = "/.init"
    /// Files of `/etc` that are each container's own.
    static let ownConfiguration = ["passwd", "group", "hostname", "hosts", "resolv.conf"]
    private static let folders = ["app", "cache", "dev", "etc", "proc", "sys/fs/cgroup/memory", "tmp"]

    /// Adds the mount points, and makes all of it durable. Nothing runs in it yet, but packages made its files: each is
    /// reached from the folder without following a link.
    func complete() throws(PlatformError) {
        let root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw HostFiles.failure("open", path) }
        defer { close(root) }
        for folder in Self.folders {
            var made = ""
            for part in folder.split(separator: "/") {
                made += made.isEmpty ? String(part) : "/\(part)"
                guard mkdirat(root, made, 0o755) == 0 || errno == EEXIST else { throw HostFiles.failure("make", made) }
            }
        }
        // runc gives a tmpfs the mode of the folder that it covers, whatever its options say.
        guard fchmodat(root, "tmp", 0o1777, 0) == 0, fchmod(root, 0o755) == 0 else {
            throw HostFiles.failure("chmod", path)
        }
        for file in [String(Self.initProgram.dropFirst())] + Self.ownConfiguration.map({ "etc/\($0)" }) {
            // A link would lead the mount away from here.
            var info = stat()
            if fstatat(root, file, &info, AT_SYMLINK_NOFOLLOW) == 0, info.st_mode & S_IFMT != S_IFREG {
                unlinkat(root, file, 0)
            }
            let descriptor = openat(root, file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw HostFiles.failure("make", file) }
            close(descriptor)
        }
        // An address of the operator's mirror may have a password in it.
        for file in ["etc/apt/sources.list", "etc/apt/auth.conf"] { unlinkat(root, file, 0) }
        for folder in ["etc/apt/sources.list.d", "etc/apt/auth.conf.d"] {
            for name in HostFiles.names(in: "\(path)/\(folder)") { unlinkat(root, "\(folder)/\(name)", 0) }
        }
        // What is written to /var/tmp lands where one may write.
        if unlinkat(root, "var/tmp", AT_REMOVEDIR) == 0 { symlinkat("../tmp", root, "var/tmp") }
        // Thousands of files, once: all that anybody wrote is waited for.
        Glibc.sync()
    }
}
