/// A file system that containers have in place of the host's: a Debian suite's essential packages and those that are named.
public struct Rootfs: Sendable, Hashable {
    /// 64 hex digits: the same for the same suite and packages. Also the name of its folder.
    public let key: String
    /// The suite's code name, as `/etc/os-release` has it.
    public let suite: String
    /// Names of Debian packages, sorted.
    public let packages: [String]

    public init(key: String, suite: String, packages: [String]) {
        self.key = key
        self.suite = suite
        self.packages = packages
    }

    /// Whether the text is of a key's form.
    public static func isKey(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }
}

/// Makes such file systems and keeps them.
public protocol RootfsProvider: Sendable {
    /// Absolute path of the file system, which is made when it is not there; whoever asks for it meanwhile waits for the
    /// same one. Throws `.buildFailed` with one line when it cannot be made, after the log said more; nothing is left then.
    func prepare(_ rootfs: Rootfs, log: any DeployLogSink) async throws(PlatformError) -> String
}
