import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// Objects that are in the store and that no ref reaches: whether a ref may be given to them.
@Suite struct TargetCheckTests {
    /// A store with `master` and, reached by no ref, a branch of two more commits whose objects lie loose.
    private struct Stale {
        let fixture: Fixture
        let tip: ObjectID
        let parent: ObjectID

        init() async throws {
            fixture = try await Fixture()
            _ = try await fixture.push(["a": "one\n", "d/e/f": "deep\n"])
            try await fixture.git("checkout", "-q", "-b", "stale")
            _ = try await fixture.push(["d/e/f": "changed\n"], branch: "stale")
            _ = try await fixture.push(["g": "last\n"], branch: "stale")
            tip = try #require(ObjectID(try await fixture.git("rev-parse", "HEAD")))
            parent = try #require(ObjectID(try await fixture.git("rev-parse", "HEAD~1")))
            try await fixture.stored("update-ref", "-d", "refs/heads/stale")
        }

        func object(_ name: String) async throws -> ObjectID {
            try #require(ObjectID(try await fixture.git("rev-parse", name)))
        }

        func remove(_ id: ObjectID) throws {
            try FileManager.default.removeItem(
                atPath: "\(fixture.directory)/objects/\(id.description.prefix(2))/\(id.description.dropFirst(2))")
        }

        func missing(_ targets: ObjectID..., limit: WorkLimit = .none) async throws -> [ObjectID: ObjectID] {
            try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                try repository.missingObjects(of: Set(targets), limit: limit)
            }
        }
    }

    @Test func whatIsWholeLacksNothing() async throws {
        let stale = try await Stale()
        #expect(try await stale.missing(stale.tip, stale.parent) == [:])
        #expect(try await stale.missing(stale.object("HEAD^{tree}"), stale.object("HEAD:g")) == [:])
    }

    @Test(arguments: [("HEAD~1:d/e/f", true), ("HEAD~1:d", true), ("HEAD:g", false), ("HEAD^{tree}", false)])
    func attack6WhatIsMissingIsFoundWhereverItLies(name: String, isParents: Bool) async throws {
        let stale = try await Stale()
        let gone = try await stale.object(name)
        try stale.remove(gone)
        var expected = [stale.tip: gone]
        if isParents { expected[stale.parent] = gone }
        #expect(try await stale.missing(stale.tip, stale.parent) == expected)
    }

    @Test func aMissingCommitIsFound() async throws {
        let stale = try await Stale()
        try stale.remove(stale.parent)
        #expect(try await stale.missing(stale.tip) == [stale.tip: stale.parent])
    }

    @Test func tagsAndTreesAreFollowed() async throws {
        let stale = try await Stale()
        try await stale.fixture.git("tag", "-a", "v1", "-m", "one", "HEAD")
        try await stale.fixture.git("tag", "-a", "v2", "-m", "two", "v1")
        try await stale.fixture.git("push", "-q", stale.fixture.directory, "v2")
        try await stale.fixture.stored("update-ref", "-d", "refs/tags/v2")
        let gone = try await stale.object("HEAD:g")
        let (tag, tree) = (try await stale.object("v2"), try await stale.object("HEAD^{tree}"))
        #expect(try await stale.missing(tag, tree) == [:])
        try stale.remove(gone)
        #expect(try await stale.missing(tag, tree) == [tag: gone, tree: gone])
    }

    @Test func whatRefsReachIsNotWalked() async throws {
        let stale = try await Stale()
        // Broken, but a ref's: it is not looked at, nor what lies behind it.
        let master = try await stale.object("main")
        try stale.remove(try await stale.object("main:a"))
        #expect(try await stale.missing(master) == [:])
        try await stale.fixture.stored("update-ref", "refs/heads/kept", stale.tip.description)
        try stale.remove(try await stale.object("HEAD:g"))
        #expect(try await stale.missing(stale.tip, stale.parent) == [:])
    }

    @Test func whatThePushBringsIsNotMissing() async throws {
        let stale = try await Stale()
        let (file, tree) = (try await stale.object("HEAD:g"), try await stale.object("HEAD~1:d"))
        for id in [file, tree, stale.parent] { try stale.remove(id) }
        let (fixture, tip, parent) = (stale.fixture, stale.tip, stale.parent)
        func missing(_ brought: Set<ObjectID>) async throws -> [ObjectID: ObjectID] {
            try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                try repository.missingObjects(of: [tip]) { (id) throws(GitError) in brought.contains(id) }
            }
        }
        #expect(try await missing([file, tree, parent]) == [:])
        #expect(try await missing([file, tree]) == [tip: parent])
        #expect(try await missing([tree, parent]) == [tip: file])
    }

    @Test func theWalkHasALimit() async throws {
        let stale = try await Stale()
        let error = await #expect(throws: GitError.self) {
            try await stale.missing(stale.tip, limit: WorkLimit(.zero, of: "the push"))
        }
        #expect(error?.message == "the push takes longer than 0.0 seconds")
    }
}
