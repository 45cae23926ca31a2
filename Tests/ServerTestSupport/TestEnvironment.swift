import Foundation

/// What the suite runs with.
package enum TestEnvironment {
    /// An environment in which git reads nobody's settings and asks nothing.
    package static let plain: [String: String] = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@example.org",
    ]

    /// The programs under test: named by BERTHD, else beside the test bundle.
    package static func program(_ name: String) throws -> String {
        let berthd = try berthdPath()
        let path = (berthd as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw DeadlineExceeded(description: "\(path) is not there; build it, or name berthd in BERTHD")
        }
        return path
    }

    private static func berthdPath() throws -> String {
        if let path = ProcessInfo.processInfo.environment["BERTHD"] { return path }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return (bundle as NSString).deletingLastPathComponent + "/berthd"
    }
}
