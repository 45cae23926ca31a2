import Core
import Foundation
import Glibc

/// What a container sees besides its release: the host's `/usr`, and a made-up rest.
///
/// The skeleton is one read-only folder that all containers share: mount points and the links of a merged `/usr`
/// (Debian wiki, "UsrMerge"). `/etc` is a folder of each container's bundle.
struct RootFilesystem: Sendable {
    let skeleton: String

    /// Files and folders of the host's `/etc` that programs of its `/usr` need; none holds a secret.
    static let sharedConfiguration = [
        "alternatives", "ca-certificates", "fonts", "host.conf", "ld.so.cache", "localtime", "mime.types",
        "postgresql-common", "protocols", "services", "ssl/certs", "ssl/openssl.cnf",
    ]
    private static let folders = [
        "app", "cache", "dev", "etc", "home", "opt", "proc", "root", "run", "srv", "sys/fs/cgroup/memory", "tmp", "usr",
        "var/cache", "var/lib", "var/log",
    ]
    private static let links = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    /// Makes the skeleton; fine when it is there.
    func prepare() throws(PlatformError) {
        for folder in Self.folders { try HostFiles.makeDirectory("\(skeleton)/\(folder)", mode: 0o755) }
        // runc gives a tmpfs the mode of the folder that it covers, whatever its options say.
        guard chmod("\(skeleton)/tmp", 0o1777) == 0 else { throw HostFiles.failure("chmod", skeleton) }
        for (path, target) in [("var/tmp", "../tmp"), ("var/run", "../run")] { try link("\(skeleton)/\(path)", target) }
        for name in Self.links {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)") else { continue }
            try link("\(skeleton)/\(name)", target)
        }
    }

    /// Those of `sharedConfiguration` that this host has.
    static func presentConfiguration() -> [String] {
        sharedConfiguration.filter { HostFiles.exists("/etc/\($0)") }
    }

    /// Writes a container's `/etc`, with empty mount points for `shared`.
    func writeConfiguration(
        to directory: String, account: UInt32, hostname: String, address: String?, nameServers: [String],
        shared: [String]
    ) throws(PlatformError) {
        try HostFiles.makeDirectory(directory, mode: 0o755)
        let contents = Self.configuration(
            account: account, hostname: hostname, address: address, nameServers: nameServers)
        for (name, text) in contents { try HostFiles.write(text, to: "\(directory)/\(name)", mode: 0o644) }
        for name in shared {
            var info = stat()
            let isFolder = stat("/etc/\(name)", &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
            let path = "\(directory)/\(name)"
            if isFolder {
                try HostFiles.makeDirectory(path, mode: 0o755)
            } else {
                try HostFiles.makeDirectory((path as NSString).deletingLastPathComponent, mode: 0o755)
                try HostFiles.write("", to: path, mode: 0o644)
            }
        }
    }

    /// The files of a container's `/etc`, by name.
    static func configuration(
        account: UInt32, hostname: String, address: String?, nameServers: [String]
    ) -> [String: String] {
        [
            "passwd": """
            root:x:0:0:root:/root:/usr/sbin/nologin
            app:x:\(account):\(account):app:/tmp:/bin/sh
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

            """,
            "group": "root:x:0:\napp:x:\(account):\nnogroup:x:65534:\n",
            "hostname": "\(hostname)\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n\(address ?? "127.0.1.1") \(hostname)\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n",
            "resolv.conf": nameServers.map { "nameserver \($0)\n" }.joined() + "options timeout:2\n",
            "shells": "/bin/sh\n/bin/bash\n",
        ]
    }

    private func link(_ path: String, _ target: String) throws(PlatformError) {
        func isThere() -> Bool { (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == target }
        // Another container may be prepared at the same time.
        guard isThere() || symlink(target, path) == 0 || isThere() else { throw HostFiles.failure("link", path) }
    }
}
