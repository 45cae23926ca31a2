import Blocking
import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct RepositoryStoreTests {
    @Test func aNewRepositoryIsOneThatGitKnows() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.stored("symbolic-ref", "HEAD") == "refs/heads/master")
        #expect(try await fixture.stored("rev-parse", "--is-bare-repository") == "true")
        try await fixture.stored("fsck", "--strict")
        #expect(await fixture.store.exists(fixture.app))
        let error = await #expect(throws: PlatformError.self) {
            try await fixture.store.create(fixture.app, head: .master)
        }
        #expect(error?.code == .conflict)
        try await fixture.store.setHead(try #require(BranchName("main")), app: fixture.app)
        #expect(try await fixture.stored("symbolic-ref", "HEAD") == "refs/heads/main")
    }

    @Test func aDeletedRepositoryIsGone() async throws {
        let fixture = try await Fixture()
        try await fixture.store.delete(fixture.app)
        try await fixture.store.delete(fixture.app)
        #expect(await !fixture.store.exists(fixture.app))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.scratch.path("repos")).isEmpty)
        let error = await #expect(throws: PlatformError.self) { try await fixture.store.branches(app: fixture.app) }
        #expect(error?.code == .notFound)
        try await fixture.store.create(fixture.app, head: .master)
    }

    @Test func revisionsAreBranchesAndCommitsOnly() async throws {
        let fixture = try await Fixture()
        let store = fixture.store
        let commit = try await fixture.push(["a": "a"])
        try await fixture.git("push", "-q", fixture.directory, "HEAD:refs/heads/topic/x", "HEAD^{tree}:refs/tags/t")
        let tree = try #require(CommitID(try await fixture.git("rev-parse", "HEAD^{tree}")))
        for name in ["master", "topic/x"] {
            #expect(try await store.resolve(.branch(try #require(BranchName(name))), app: fixture.app) == commit)
        }
        #expect(try await store.resolve(.branch(try #require(BranchName("t"))), app: fixture.app) == nil)
        #expect(try await store.resolve(.commit(commit), app: fixture.app) == commit)
        #expect(try await store.resolve(.commit(tree), app: fixture.app) == nil)
        try await fixture.stored("pack-refs", "--all")
        #expect(try await store.resolve(.branch(.master), app: fixture.app) == commit)
        #expect(try await store.branches(app: fixture.app).map(\.rawValue) == ["master", "topic/x"])
    }

    @Test func filesOfACommitCanBeRead() async throws {
        let fixture = try await Fixture()
        try fixture.link("link", to: "a.txt")
        let commit = try await fixture.push(["a.txt": "hello", "d/b.txt": "deep", ".hidden": ""])
        func read(_ path: String, limit: Int = 100) async throws -> String? {
            try await fixture.store.file(path, commit: commit, app: fixture.app, limit: limit)
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(try await read("a.txt") == "hello")
        #expect(try await read("a.txt", limit: 4) == nil)
        #expect(try await read("d/b.txt") == "deep")
        for path in ["d", "link", "missing", "a.txt/x", "", "/a.txt", "../a.txt", "d//b.txt"] {
            #expect(try await read(path) == nil)
        }
        #expect(
            try await fixture.store.entries(of: "", commit: commit, app: fixture.app)
                == [".hidden", "a.txt", "d/", "link"])
        for absent in ["e", "a.txt", "link", "d/", "/d", "d//", ".", "d/.."] {
            #expect(try await fixture.store.entries(of: absent, commit: commit, app: fixture.app) == nil, "\(absent)")
        }
        #expect(try await fixture.store.entries(of: "d", commit: commit, app: fixture.app)?.isEmpty == false)
    }

    @Test func pinsKeepACommitFromBeingCollected() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.push(["a": "one"])
        let deploy = ID<Deploy>()
        try await fixture.store.pin(first, deploy: deploy, app: fixture.app)
        try await fixture.store.pin(first, deploy: deploy, app: fixture.app)
        try await fixture.git("commit", "-q", "--amend", "-m", "other")
        let second = try await fixture.pushHead()
        try await fixture.stored("-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")
        #expect(try await fixture.store.resolve(.commit(first), app: fixture.app) == first)
        #expect(try await fixture.store.resolve(.branch(.master), app: fixture.app) == second)
        try await fixture.store.unpin(deploy, app: fixture.app)
        try await fixture.store.unpin(deploy, app: fixture.app)
        #expect(try await fixture.stored("for-each-ref", "refs/berth").isEmpty)
        let missing = try #require(CommitID(String(repeating: "d", count: 40)))
        await #expect(throws: PlatformError.self) {
            try await fixture.store.pin(missing, deploy: deploy, app: fixture.app)
        }
    }

    @Test func whatADeadServerLeftIsSweptAway() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "a"])
        let files = FileManager.default
        let left = [
            "\(fixture.directory)/objects/incoming-1/pack", "\(fixture.scratch.path("repos"))/x.unfinished/objects",
        ]
        for path in left { try files.createDirectory(atPath: path, withIntermediateDirectories: true) }
        let locks = [
            "refs/heads/master.lock", "packed-refs.lock", "HEAD.lock", "objects/info/berth-superseded.lock",
            "objects/info/berth-maintained.lock",
        ]
        for name in locks {
            try Data().write(to: URL(fileURLWithPath: "\(fixture.directory)/\(name)"))
        }
        let packs = "\(fixture.directory)/objects/pack"
        for name in ["old", "new"] {
            try Data("PACK".utf8).write(to: URL(fileURLWithPath: "\(packs)/pack-\(name).pack"))
        }
        let longAgo = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -4000)]
        try files.setAttributes(longAgo, ofItemAtPath: "\(packs)/pack-old.pack")
        await fixture.store.sweep()
        // The other may be half of what an outside git moves at this moment.
        #expect(!files.fileExists(atPath: "\(packs)/pack-old.pack"))
        #expect(files.fileExists(atPath: "\(packs)/pack-new.pack"))
        try files.removeItem(atPath: "\(packs)/pack-new.pack")
        #expect(try files.contentsOfDirectory(atPath: fixture.scratch.path("repos")) == ["\(fixture.app).git"])
        #expect(
            try files.contentsOfDirectory(atPath: fixture.directory + "/objects").allSatisfy {
                !$0.hasPrefix("incoming")
            })
        for name in locks { #expect(!files.fileExists(atPath: "\(fixture.directory)/\(name)"), "\(name)") }
        _ = try await fixture.push(["a": "b"])
        _ = try await fixture.store.maintain(fixture.app, .full)
        #expect(await fixture.store.age(ofFullMaintenance: fixture.app) != nil)
    }
}
