import Blocking
import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// A store with one empty repository that takes packs without a client.
struct ReceivingFixture: Sendable {
    let scratch: TemporaryDirectory
    let store: RepositoryStore
    let app: ID<App>

    var directory: String { store.directory(of: app) }
    var git: GitCommand { GitCommand(folder: directory) }

    init() async throws {
        scratch = try TemporaryDirectory("berth-receive")
        let configuration = RepositoryConfiguration(root: scratch.path("repos"))
        store = try RepositoryStore(configuration: configuration, pool: BlockingPool(label: "git-tests", width: 4))
        app = ID()
        try await store.create(app, head: .master)
    }

    /// What a repository is opened with when it is not the store that opens it.
    func lock() -> RepositoryLock {
        RepositoryLock(
            references: ReferenceCache(byteLimit: 1 << 20), packs: PackCache(limit: 16),
            outgoing: OutgoingPackCache(limit: 1 << 20), closures: PackClosureCache(limit: 1 << 10))
    }

    /// Receives a pack and returns of which kind `id` is then.
    /// - Parameter spooled: whether it comes by way of a file, as large ones do.
    @discardableResult
    func receive(
        _ pack: [UInt8], limits: ReceiveLimits = ReceiveLimits(), keep: Bool = true, spooled: Bool = false,
        find id: ObjectID = .zero
    ) async throws -> ObjectKind? {
        let directory = directory
        return try await store.withRepository(app) { (repository) throws(GitError) in
            var source = PackSource.memory(pack)
            if spooled {
                let quarantine = try Quarantine(in: directory)
                try quarantine.fill(pack)
                source = .file(quarantine)
            }
            var kind: ObjectKind?
            let received = try repository.receive(source, limits: limits) { (find) throws(GitError) in
                kind = try find(id)
                return keep
            }
            try received?.accept()
            return kind
        }
    }

    /// Expects that the pack is refused for that reason, from memory and from a file, and that nothing is left of it.
    func expectRefused(
        _ pack: [UInt8], because reason: String, limits: ReceiveLimits = ReceiveLimits(),
        code: GitError.Code = .refused, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try files()
        for spooled in [false, true] {
            let error = await #expect(throws: GitError.self, sourceLocation: sourceLocation) {
                try await receive(pack, limits: limits, spooled: spooled)
            }
            guard let error else { continue }
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            #expect(error.message.contains(reason), "\(error)", sourceLocation: sourceLocation)
        }
        #expect(try files() == before, sourceLocation: sourceLocation)
    }

    /// Receives the pack, lets git check the repository and the index, and returns the object ids that git sees.
    @discardableResult
    func expectAccepted(
        _ pack: [UInt8], limits: ReceiveLimits = ReceiveLimits(), spooled: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Set<String> {
        let before = try files()
        try await receive(pack, limits: limits, spooled: spooled)
        let new = try files().keys.filter { before[$0] == nil && $0.hasSuffix(".idx") }
        for index in new { try await git("verify-pack", "-v", index) }
        let fsck = try await git.run("fsck", "--strict", "--full", "--no-dangling")
        #expect(fsck.status == 0, "\(fsck.output)", sourceLocation: sourceLocation)
        let list = try await git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        return Set(list.split(separator: "\n").map(String.init))
    }

    /// All files of the repository with their sizes.
    func files() throws -> [String: Int] {
        var files: [String: Int] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(path)")
            files[path] = attributes[.type] as? FileAttributeType == .typeDirectory ? -1 : attributes[.size] as? Int
        }
        return files
    }
}
