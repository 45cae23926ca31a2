/// The parts of an OCI runtime configuration that are used here (OCI runtime specification 1.0.2, `config.json`).
struct OCISpecification: Encodable, Sendable {
    var ociVersion = "1.0.2"
    var process: Process
    var root: Root
    var hostname: String
    var mounts: [Mount]
    var linux: Linux

    struct Process: Encodable, Sendable {
        var terminal = false
        var user: User
        var args: [String]
        /// `NAME=value`.
        var env: [String]
        var cwd: String
        var noNewPrivileges = true
        var capabilities = Capabilities()
        var rlimits: [ResourceLimit]
        var oomScoreAdj: Int
    }

    struct User: Encodable, Sendable {
        var uid: UInt32
        var gid: UInt32
        var umask: UInt32
    }

    /// All sets empty.
    struct Capabilities: Encodable, Sendable {
        var bounding: [String] = []
        var effective: [String] = []
        var inheritable: [String] = []
        var permitted: [String] = []
        var ambient: [String] = []
    }

    struct ResourceLimit: Encodable, Sendable {
        var type: String
        var hard: UInt64
        var soft: UInt64
    }

    struct Root: Encodable, Sendable {
        var path: String
        var readonly: Bool
    }

    struct Mount: Encodable, Sendable, Hashable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    struct Linux: Encodable, Sendable {
        var namespaces: [Namespace]
        var cgroupsPath: String
        var resources: Resources
        var seccomp: Seccomp
        var maskedPaths: [String]
        var readonlyPaths: [String]
    }

    struct Namespace: Encodable, Sendable {
        var type: String
        /// An existing one to join.
        var path: String?
    }

    struct Resources: Encodable, Sendable {
        struct Device: Encodable, Sendable { var allow: Bool, access: String }
        struct Memory: Encodable, Sendable { var limit: Int, swap: Int? }
        struct CPU: Encodable, Sendable { var quota: Int, period: Int }
        struct Pids: Encodable, Sendable { var limit: Int }

        var devices: [Device]
        var memory: Memory
        var cpu: CPU
        var pids: Pids
        /// cgroup v2 files by name.
        var unified: [String: String]?
    }

    struct Seccomp: Encodable, Sendable {
        struct Argument: Codable, Sendable {
            var index: UInt32
            var value: UInt64
            var valueTwo: UInt64
            var op: String
        }
        struct Rule: Encodable, Sendable {
            var names: [String]
            var action: String
            var errnoRet: UInt32?
            var args: [Argument]
        }
        var defaultAction: String
        var defaultErrnoRet: UInt32
        var architectures: [String]
        var syscalls: [Rule]
    }
}
