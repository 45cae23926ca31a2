import Blocking
import Core
import Logging
import Synchronization

/// Where the operator's programs are, and what they may take.
public struct HooksConfiguration: Sendable {
    /// Absolute path of the folder that holds `pre-receive.d`, `post-receive.d`, `pre-deploy.d` and `post-deploy.d`.
    public var folder: String
    /// Time for each program.
    public var limit = Duration.seconds(60)
    /// Bytes of output of each program that are passed on.
    public var outputLimit = 256 << 10
    /// Folders in which programs find others.
    public var searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// What is run for a program, which is given as a command (absolute path first): itself, or a command that becomes it where
    /// it does not outlive the server.
    public var command: @Sendable ([String]) -> [String] = { $0 }

    public init(folder: String) { self.folder = folder }
}

/// Programs in `<event>.d` folders, run as the server. The folders are read each time: what the operator changes holds at
/// once.
public struct OperatorHooks: HookRunner {
    private let configuration: HooksConfiguration
    private let logger: Logger
    private let pool = BlockingPool(label: "hooks", width: 64)

    public init(configuration: HooksConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    public func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError) {
        let folder = HookFolder(path: "\(configuration.folder)/\(call.event.rawValue).d")
        var first: PlatformError?
        for name in try folder.programs() {
            do throws(PlatformError) { try await run(name, in: folder, call, output) } catch {
                if call.event.isGate || error.code == .cancelled { throw error }
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    private func run(
        _ name: String, in folder: HookFolder, _ call: HookCall, _ output: @escaping @Sendable (String) -> Void
    ) async throws(PlatformError) {
        var environment = call.environment
        environment["PATH"] = configuration.searchPath
        environment["LC_ALL"] = "C.UTF-8"
        environment["BERTH_HOOK"] = call.event.rawValue
        let program = HookProgram(
            command: configuration.command(["\(folder.path)/\(name)"]), environment: environment, folder: folder.path,
            limit: configuration.limit, outputLimit: configuration.outputLimit, pool: pool)
        let ending: HookProgram.Ending
        do { ending = try await program.run(input: call.input, output: output) } catch {
            if Task.isCancelled { throw PlatformError(.cancelled, "cancelled") }
            throw PlatformError(
                .forbidden, "the \(call.event.rawValue) hook \(name) could not be run", cause: "\(error)")
        }
        if Task.isCancelled { throw PlatformError(.cancelled, "cancelled") }
        logger.debug("hook run", metadata: ["event": "\(call.event.rawValue)", "hook": "\(name)"])
        if let failure = ending.failure {
            throw PlatformError(.forbidden, "the \(call.event.rawValue) hook \(name) \(failure)")
        }
    }
}
