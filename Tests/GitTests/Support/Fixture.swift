import Blocking
import Core
import Foundation
import TestSupport

@testable import Git

/// A store with one app's repository, and a client's repository that pushes to it by path.
struct Fixture: Sendable {
    /// A release may have anything.
    static let anything = ReleaseAllowance(limit: DiskLimit(bytes: .max, entries: .max))

    let scratch: TemporaryDirectory
    let store: RepositoryStore
    let app: ID<App>
    let git: GitCommand

    var directory: String { store.directory(of: app) }
    var stored: GitCommand { GitCommand(folder: directory) }

    init(limits: CheckoutLimits = CheckoutLimits()) async throws {
        scratch = try TemporaryDirectory("berth-git")
        var configuration = RepositoryConfiguration(root: scratch.path("repos"))
        configuration.checkout = limits
        store = try RepositoryStore(
            configuration: configuration, pool: BlockingPool(label: "git-tests", width: 4))
        app = ID()
        try await store.create(app, head: .master)
        let client = scratch.path("client")
        try FileManager.default.createDirectory(atPath: client, withIntermediateDirectories: true)
        git = GitCommand(folder: client)
        try await git("init", "-q")
    }

    /// Writes files, commits and pushes them to `branch`; returns the commit.
    func push(_ files: [String: String], branch: String = "master") async throws -> CommitID {
        for (path, text) in files { try write(path, Data(text.utf8)) }
        return try await pushAll(branch: branch)
    }

    func write(_ path: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: git.folder).appendingPathComponent(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    func link(_ path: String, to target: String) throws {
        let url = URL(fileURLWithPath: git.folder).appendingPathComponent(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
    }

    func pushAll(branch: String = "master") async throws -> CommitID {
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", "x")
        return try await pushHead(branch: branch)
    }

    func pushHead(branch: String = "master") async throws -> CommitID {
        try await git("push", "-q", "--force", directory, "HEAD:refs/heads/\(branch)")
        guard let commit = CommitID(try await git("rev-parse", "HEAD")) else {
            throw PlatformError.invalid("no commit")
        }
        return commit
    }

    func checkOut(
        _ commit: CommitID, _ name: String, previous: (CommitID, String)? = nil, account: UInt32? = nil,
        allowance: ReleaseAllowance = Fixture.anything
    ) async throws -> CheckoutReport {
        try await store.checkOut(
            CheckoutRequest(
                app: app, commit: commit, directory: scratch.path(name),
                previous: previous.map { CheckoutRequest.Previous(commit: $0, directory: scratch.path($1)) },
                account: account, allowance: allowance))
    }

    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: scratch.path(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    func attribute(_ path: String, _ key: FileAttributeKey) throws -> Int? {
        try (FileManager.default.attributesOfItem(atPath: scratch.path(path))[key] as? NSNumber)?.intValue
    }
}
