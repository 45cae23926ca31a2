import Core
import Foundation
import TestSupport

@testable import Git

/// Packs that go by way of a helper, real or not.
enum HelperFixture {
    /// The program beside the tests, for packs of any size.
    static func berthd() throws -> IndexHelper {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var helper = IndexHelper(program: (tests as NSString).deletingLastPathComponent + "/berthd")
        helper.leastBytes = 0
        return helper
    }

    /// A shell script in its place.
    static func stub(_ script: String, _ fixture: ReceivingFixture) throws -> IndexHelper {
        let program = fixture.scratch.path("helper")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        var helper = IndexHelper(program: program)
        helper.leastBytes = 0
        return helper
    }

    static func store(
        _ fixture: ReceivingFixture, _ helper: IndexHelper, limits: ReceiveLimits = ReceiveLimits()
    ) throws -> RepositoryStore {
        var configuration = RepositoryConfiguration(root: fixture.store.configuration.root)
        (configuration.indexHelper, configuration.receive) = (helper, limits)
        return try RepositoryStore(configuration: configuration, pool: fixture.store.pool)
    }

    /// Receives and accepts a pack; returns of which kind `id` is then.
    /// - Parameter spooled: whether it comes in a file, as large ones do.
    @discardableResult
    static func receive(
        _ pack: [UInt8], _ fixture: ReceivingFixture, _ helper: IndexHelper, limits: ReceiveLimits = ReceiveLimits(),
        spooled: Bool = true, find id: ObjectID = .zero
    ) async throws -> ObjectKind? {
        let store = try store(fixture, helper, limits: limits)
        return try await receive(pack, fixture.app, store, spooled: spooled, find: id)
    }

    @discardableResult
    static func receive(
        _ pack: [UInt8], _ app: ID<App>, _ store: RepositoryStore, spooled: Bool = true, find id: ObjectID = .zero
    ) async throws -> ObjectKind? {
        var source = PackSource.memory(pack)
        if spooled {
            let quarantine = try Quarantine(in: store.directory(of: app))
            try quarantine.fill(pack)
            source = .file(quarantine)
        }
        let received = try await store.receive(source, of: app) { (_) throws(GitError) in
            (ObjectKind?.none, true)
        } decide: { (_, kind, find) throws(GitError) in
            kind = try find(id)
            return true
        }
        try received.pack?.accept()
        return received.state
    }

    /// A pack of some kilobytes with a blob of `mebibytes` in it, and that blob's name.
    static func inflating(to mebibytes: Int) throws -> (pack: [UInt8], id: ObjectID) {
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        var builder = PackBuilder()
        try builder.add(.blob, piece)
        let steps = (0..<mebibytes).map { _ in DeltaStep.copy(0, 1 << 20) }
        try builder.add(PackBuilder.delta(base: 1 << 20, steps), onEntry: 0)
        let whole = [UInt8](repeating: 7, count: mebibytes << 20)
        return (builder.pack(), try PackBuilder.name(.blob, whole))
    }
}

extension Quarantine {
    /// Writes a pack as it comes.
    func fill(_ pack: [UInt8]) throws(GitError) {
        let file = try openBody(isNew: true)
        defer { withExtendedLifetime(file) {} }
        try FileSystem.write(pack, to: file.number)
    }
}
