import Blocking
import Core
import Foundation
import Git
import Hummingbird
import Logging
import ServiceLifecycle
import TestSupport
import Testing

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

    /// Runs `body` against a server that is gone, with its files, when it returns. Whatever the test did, git must find
    /// every served repository sound at its end.
    /// - Parameter isDamaged: whether the test damages a repository on purpose.
    static func run(
        head: String = "main", isDamaged: Bool = false, configure: (inout GitServerConfiguration) -> Void = { _ in },
        location: SourceLocation = #_sourceLocation, _ body: @Sendable (LiveGitServer) async throws -> Void
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
        if !isDamaged { try await expectSoundRepositories(store.configuration.root, location) }
    }

    /// Lets git look over the objects, refs and packs of every repository in a folder.
    private static func expectSoundRepositories(_ root: String, _ location: SourceLocation) async throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: root) where name.hasSuffix(".git") {
            let git = GitCommand(folder: "\(root)/\(name)")
            let fsck = try await git.run("fsck", "--strict", "--full", "--no-dangling")
            // An empty repository has a HEAD that leads nowhere, and that is all it has to say.
            #expect(fsck.status == 0, "\(fsck.output)", sourceLocation: location)
            let packs = "\(root)/\(name)/objects/pack"
            let files = try FileManager.default.contentsOfDirectory(atPath: packs)
            let indexes = files.filter { $0.hasSuffix(".idx") }
            let complete: Set<String> = Set(indexes.map { $0.dropLast(4) + ".pack" })
            let all: Set<String> = Set(files.filter { $0.hasSuffix(".pack") })
            #expect(all == complete, sourceLocation: location)
            guard !indexes.isEmpty else { continue }
            let paths = indexes.map { "\(packs)/\($0)" }
            let verified = try await git.start(["verify-pack"] + paths).outcome()
            #expect(verified.status == 0, "\(verified.output)", sourceLocation: location)
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
