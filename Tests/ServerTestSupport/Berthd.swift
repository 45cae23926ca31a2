import Foundation
import Synchronization
import TestSupport

/// A `berthd serve` of our own, with a data folder, a port and a subnet that nobody else uses.
package final class Berthd: Sendable {
    /// The server that the running suite shares.
    @TaskLocal package static var current: Berthd?

    /// `/tmp/berth-e2e-<pid of this process>-<random>`; `scripts/run-tests` knows the pattern.
    package let folder: String
    package let port: Int
    private let executable: String
    /// Of the host, that it listens on.
    private let address: String
    /// More arguments of `serve`.
    private let options: [String]
    private let environment: [String: String]
    private let subnet: SubnetLease
    private let process = Mutex<ChildProcess?>(nil)
    private let firstToken = Mutex<String?>(nil)

    /// Names the checkpoint at which the server ends itself.
    package var crashFile: String { "\(folder)/crash-at" }
    package var data: String { "\(folder)/data" }
    /// Everything that every start of this server printed.
    package var log: String { (try? String(contentsOfFile: "\(folder)/berthd.log", encoding: .utf8)) ?? "" }
    package var processID: pid_t? { process.withLock { $0?.processID } }
    /// The gateway address of its containers.
    package var gateway: UInt32 { subnet.gateway }
    package var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// - Parameters:
    ///   - options: more arguments of `serve`.
    ///   - environment: settings beside those that every server of ours has.
    ///   - address: of the host, that it listens on; `0.0.0.0` for all.
    ///   - other: a server whose state this one goes on with.
    package init(
        options: [String] = [], environment: [String: String] = [:], listeningOn address: String = "127.0.0.1",
        continuing other: Berthd? = nil
    ) throws {
        self.options = options
        self.address = address
        self.environment = environment
        let random = UUID().uuidString.prefix(8).lowercased()
        folder = "/tmp/berth-e2e-\(ProcessInfo.processInfo.processIdentifier)-\(random)"
        // Closed to everybody else, as /root is: the usual place of a first trial.
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        executable = try TestEnvironment.program("berthd")
        subnet = try SubnetLease()
        port = try Self.freePort()
        if let token = try other?.token() { firstToken.withLock { $0 = token } }
    }

    /// The token of the user `admin`, printed once by the first start.
    package func token() throws -> String {
        try firstToken.withLock { token in
            if let token { return token }
            // It is shown a moment after the listener is open.
            let deadline = ContinuousClock.now + .seconds(60)
            var found = log.firstMatch(of: /xh_live_[A-Za-z0-9_-]+/)
            while found == nil, ContinuousClock.now < deadline {
                usleep(10_000)
                found = log.firstMatch(of: /xh_live_[A-Za-z0-9_-]+/)
            }
            guard let match = found else {
                throw DeadlineExceeded(description: "the first start printed no token:\n\(log)")
            }
            token = String(match.output)
            return String(match.output)
        }
    }

    // MARK: - Life

    /// Starts the server and waits until it answers.
    package func start() async throws {
        try launch()
        try await waitUntilReady()
    }

    /// Starts the server and returns at once.
    package func launch() throws {
        let path = "\(folder)/berthd.log"
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HTTPFailure(description: "cannot open \(path)") }
        defer { close(descriptor) }
        let process = try ChildProcess(
            [
                executable, "serve", "--data", data, "--domain", "localhost", "--listen", "\(address):\(port)",
                "--subnet",
                subnet.subnet, "--hooks", "\(folder)/hooks", "--watch-seconds", "1", "--reconcile-seconds", "2",
            ] + options,
            environment: TestEnvironment.plain.merging(["BERTH_CRASH_FILE": crashFile]) { $1 }
                .merging(environment) { $1 },
            output: .file(descriptor))
        try "\(process.processID)".write(toFile: "\(folder)/berthd.pid", atomically: true, encoding: .utf8)
        self.process.withLock { $0 = process }
    }

    package func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while (try? await get(host: "api.localhost", path: "/healthz"))?.status != 200 {
            guard isRunning, clock.now < deadline else {
                throw DeadlineExceeded(description: "berthd is not ready (running: \(isRunning)); it printed:\n\(log)")
            }
            try await clock.sleep(for: .milliseconds(10))
        }
    }

    /// SIGKILL: what a crash or the OOM killer does.
    package func crash() async throws {
        try signal(SIGKILL)
        try await eventually("berthd is gone after SIGKILL") { !isRunning }
    }

    /// SIGTERM; the exit code of the server.
    package func terminate() async throws -> Int32 {
        guard let process = process.withLock({ $0 }) else { return 0 }
        try signal(SIGTERM)
        try await eventually("berthd has ended after SIGTERM", within: .seconds(60)) { !process.isRunning }
        return await process.end()
    }

    /// Ends what a stopped server leaves running for the next start.
    package func takeDown() async throws {
        let down = try await command("down", "--subnet", subnet.subnet)
        guard down.status == 0 else { throw HTTPFailure(description: "berthd down: \(down.errorText)\(down.output)") }
    }

    /// Ends the server and everything that it started, and removes its folder. Throws when something is left.
    package func tearDown() async throws {
        if isRunning { _ = try await terminate() }
        try await takeDown()
        let residue = try HostResidue(of: self)
        guard residue.isEmpty, bridge == nil else {
            throw HTTPFailure(description: "`berthd down` left \(residue), bridge \(bridge ?? "gone")")
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    private func signal(_ number: Int32) throws {
        guard let processID, isRunning else { throw HTTPFailure(description: "berthd is not running:\n\(log)") }
        kill(processID, number)
    }

    // MARK: - Commands

    /// Runs another command of berthd on this server's data folder.
    package func command(_ arguments: String...) async throws -> CommandResult {
        try await run([executable] + arguments + ["--data", data])
    }

    /// Makes a user; the token.
    package func addUser(_ name: String) async throws -> String {
        let result = try await command("user", "add", name)
        guard result.status == 0, let match = result.output.firstMatch(of: /xh_live_[A-Za-z0-9_-]+/) else {
            throw HTTPFailure(description: "user add: \(result.errorText)\(result.output)")
        }
        return String(match.output)
    }

    // MARK: - Requests

    /// One GET on a connection of its own.
    package func get(host: String, path: String = "/") async throws -> HTTPAnswer {
        try await request("GET", host: host, path: path)
    }

    /// One request on a connection of its own.
    package func request(
        _ method: String, host: String, path: String, headers: [(String, String)] = [], body: Data? = nil
    ) async throws -> HTTPAnswer {
        let port = port
        return try await onThread {
            try HTTPConnection(port: port).request(
                method, host: "\(host):\(port)", path: path, headers: headers + [("Connection", "close")], body: body)
        }
    }

    /// A port that nobody listens on now, below the range that the kernel gives to clients.
    private static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20000..<32000)
            if (try? HTTPConnection(port: port)) == nil { return port }
        }
        throw DeadlineExceeded(description: "no free port")
    }
}
