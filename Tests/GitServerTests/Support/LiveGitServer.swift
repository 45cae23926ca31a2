import Blocking
import Core
import Foundation
import Git
import Hummingbird
import Logging
import ServiceLifecycle
import TestSupport

@testable import GitServer

/// A git server on a loopback port with one empty repository, and folders for clients.
struct LiveGitServer: Sendable {
    let gate: RecordingGate
    let store: RepositoryStore
    let scratch: TemporaryDirectory
    let port: Int

    /// Where the stock client goes, with the credentials in it.
    var url: String { url(token: RecordingGate.token) }
    var repository: String { "\(store.configuration.root)/\(gate.app.id).git" }

    func url(user: String = RecordingGate.owner, token: String, name: String = "site.git") -> String {
        "http://\(user):\(token)@127.0.0.1:\(port)/\(RecordingGate.owner)/\(name)"
    }

    /// Runs `body` against a server that is gone, with its files, when it returns.
    static func run(
        head: String = "main", configure: (inout GitServerConfiguration) -> Void = { _ in },
        _ body: @Sendable (LiveGitServer) async throws -> Void
    ) async throws {
        let scratch = try TemporaryDirectory("berth-git-server")
        let gate = try RecordingGate()
        let store = try RepositoryStore(
            configuration: RepositoryConfiguration(root: scratch.path("repos")),
            pool: BlockingPool(label: "git-tests", width: 4))
        guard let branch = BranchName(head) else { throw PlatformError.invalid("branch") }
        try await store.create(gate.app.id, head: branch)
        var configuration = GitServerConfiguration(version: "test")
        configure(&configuration)
        let router = Router()
        GitRoutes(store: store, gate: gate, configuration: configuration, logger: Logger(label: "git-tests"))
            .add(to: router)
        // Not by name: `localhost` is ::1 first on machines that have it.
        let (ports, isRunning) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { isRunning.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "git-tests.http"))
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [application], logger: Logger(label: "git-tests.services")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var port: Int?
            for await found in ports {
                port = found
                break
            }
            guard let port else { throw PlatformError.invalid("the server did not start") }
            let server = LiveGitServer(gate: gate, store: store, scratch: scratch, port: port)
            do { try await body(server) } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// An empty folder with git in it.
    func git(_ name: String) throws -> GitCommand {
        let path = scratch.path(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return GitCommand(folder: path)
    }

    /// A repository with one commit on `main`.
    func client(_ name: String = "client", files: [String: String] = ["index.html": "<h1>one</h1>\n"]) async throws
        -> GitCommand
    {
        let git = try git(name)
        try await git("init", "-q")
        try await commit(git, files, "first")
        return git
    }

    /// Writes files and commits them; returns the commit.
    @discardableResult
    func commit(_ git: GitCommand, _ files: [String: String], _ message: String) async throws -> String {
        for (path, text) in files {
            let url = URL(fileURLWithPath: git.folder).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message)
        return try await git("rev-parse", "HEAD")
    }

    /// What git itself says of the server's repository.
    func stored() -> GitCommand { GitCommand(folder: repository) }

    /// Folders of pushes that were not finished.
    func quarantines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(repository)/objects").filter {
            $0.hasPrefix("incoming-")
        }
    }
}
