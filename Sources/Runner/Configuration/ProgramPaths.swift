import Foundation

/// Where the programs are that containers are made with.
public struct ProgramPaths: Sendable, Hashable {
    /// OCI runtime.
    public var runc: String
    /// Keeps an instance's output and exit status, whether or not the server runs.
    public var conmon: String
    /// First process of every container: hands signals on and reaps orphans. Linked statically.
    public var tini: String
    /// Sets firewall rules.
    public var nft: String
    /// Makes the bridge.
    public var ip: String
    /// Makes network namespaces.
    public var unshare: String
    /// POSIX shell; runs constant scripts only.
    public var shell: String
    /// Folder of the CNI plugins.
    public var plugins: String
    /// System call filter in the containers/common format.
    public var seccompProfile: String

    /// The first match of each on `path`; where there is none, the place where Debian installs it.
    public static func found(
        path: String = ProcessInfo.processInfo.environment["PATH"] ?? "", plugins: String = "/usr/lib/cni"
    ) -> ProgramPaths {
        let folders = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        func find(_ name: String, _ standard: String) -> String {
            (folders + ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
                .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? standard
        }
        return ProgramPaths(
            runc: find("runc", "/usr/sbin/runc"), conmon: find("conmon", "/usr/bin/conmon"),
            // Containers see the host's /usr, and only that.
            tini: "/usr/bin/tini-static", nft: find("nft", "/usr/sbin/nft"), ip: find("ip", "/usr/sbin/ip"),
            unshare: find("unshare", "/usr/bin/unshare"), shell: "/bin/sh", plugins: plugins,
            seccompProfile: "/usr/share/containers/seccomp.json")
    }
}
