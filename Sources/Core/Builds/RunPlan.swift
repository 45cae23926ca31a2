/// How a release runs: what a template's `run` part and the repository come to. Kept with the release, so that an
/// instance can be started again without the template.
public struct RunPlan: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
        /// Files that the router serves; nothing runs.
        case `static`
        /// A process that answers HTTP.
        case web
        /// A process that nobody asks: the hostname has a plain page.
        case worker
    }

    /// When a process counts as started.
    public enum Readiness: String, Sendable, Codable {
        /// `healthPath` is answered with a status below 500.
        case http
        /// The port accepts connections.
        case tcp
        /// The file is there that `readyFileVariable` names.
        case file
        /// Of a worker: it has run for `upSeconds`, or the file is there.
        case up

        /// Whether a process of this kind can be asked so.
        public func fits(_ kind: Kind) -> Bool {
            switch self {
            case .http, .tcp: kind != .worker
            case .file: kind != .static
            case .up: kind == .worker
            }
        }
    }

    /// What tells the process to end.
    public enum StopSignal: String, Sendable, Codable, CaseIterable {
        case terminate = "SIGTERM"
        case interrupt = "SIGINT"
        case quit = "SIGQUIT"
        case hangUp = "SIGHUP"
        case user1 = "SIGUSR1"
        case user2 = "SIGUSR2"
        case windowChange = "SIGWINCH"
    }

    /// What a deploy does with the version before.
    public enum Strategy: String, Sendable, Codable {
        /// Both run for a moment, and no request waits.
        case startFirst = "start-first"
        /// Never both: the old one is stopped first, and requests wait until the new one is ready.
        case stopFirst = "stop-first"
    }

    /// Tells a worker, and whoever is asked for `file`, which file to make when it is ready.
    public static let readyFileVariable = "XHOST_READY_FILE"
    /// That file, as the process sees it: in its own memory, gone with its process.
    public static let readyFile = "/tmp/xhost-ready"
    /// Seconds that a worker must stay up to count as ready.
    public static let upSeconds = 5
    /// What `readySeconds` and `graceSeconds` may be.
    public static let readyRange = 1...3600
    public static let graceRange = 0...600

    public var kind: Kind
    /// Argument vector of the process, resolved inside the container. Empty for `static`.
    public var command: [String]
    /// Variable that tells the process its port.
    public var portVariable: String
    public var port: Int
    /// Path that the readiness probe asks for.
    public var healthPath: String
    /// Seconds until the process must be ready.
    public var readySeconds: Int
    /// Seconds between `stopSignal` and SIGKILL.
    public var graceSeconds: Int
    /// Variables of the template, below the app's own.
    public var environment: [String: String]
    /// `nil` is `http`.
    public var readiness: Readiness?
    /// Folder below the repository's root that the process starts in; `nil` is the root.
    public var directory: String?
    /// What the app asks for instead of the server's usual limits.
    public var limits: LimitRequest?
    /// `nil` is `startFirst`.
    public var strategy: Strategy?
    /// Seconds without a request after which the process is stopped, until the next one comes; `nil` for never.
    public var sleepSeconds: Int?
    /// `nil` is `terminate`.
    public var stopSignal: StopSignal?
    /// Key of the file system (`Rootfs`) that its container has in place of the host's; `nil` for the host's.
    public var rootfs: String?

    /// Whether a file says that the process is ready.
    public var isAnnounced: Bool { kind == .worker || readiness == .file }

    /// What the readiness probe asks for: a path, or `nil` when it is enough that the port accepts connections.
    public var probedPath: String? { readiness == .tcp || readiness == .file ? nil : healthPath }

    /// Folders below the one that the process starts in which outlast the release; `nil` for none.
    public var volumes: [String]?

    /// Where a volume is, below `/app`.
    public func path(ofVolume name: String) -> String { directory.map { "\($0)/\(name)" } ?? name }

    /// Whether it can stand in a request line.
    public static func isHealthPath(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/") && path.utf8.allSatisfy { 0x21...0x7e ~= $0 }
    }

    public init(
        kind: Kind, command: [String] = [], portVariable: String = "PORT", port: Int = 8080, healthPath: String = "/",
        readySeconds: Int = 60, graceSeconds: Int = 10, environment: [String: String] = [:],
        readiness: Readiness? = nil, directory: String? = nil, limits: LimitRequest? = nil,
        strategy: Strategy? = nil, sleepSeconds: Int? = nil, stopSignal: StopSignal? = nil, rootfs: String? = nil,
        volumes: [String]? = nil
    ) {
        self.kind = kind
        self.command = command
        self.portVariable = portVariable
        self.port = port
        self.healthPath = healthPath
        self.readySeconds = readySeconds
        self.graceSeconds = graceSeconds
        self.environment = environment
        self.readiness = readiness
        self.directory = directory
        self.limits = limits
        self.strategy = strategy
        self.sleepSeconds = sleepSeconds
        self.stopSignal = stopSignal
        self.rootfs = rootfs
        self.volumes = volumes
    }
}
