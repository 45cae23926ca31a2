import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Git

/// What is kept of refs is never older than what is on disk.
@Suite struct ReferenceCacheTests {
    private static func names(_ fixture: Fixture) async throws -> [String] {
        try await fixture.store.snapshot(of: fixture.app).references.map(\.name)
    }

    /// Reads until the reading is kept: it is not while the files are too young.
    private static func settle(_ fixture: Fixture) async throws {
        try await expectEventually("the reading is kept") {
            _ = try await fixture.store.snapshot(of: fixture.app)
            return fixture.store.references.snapshot(of: fixture.directory) != nil
        }
    }

    @Test func changesOfOtherGitProgramsAreSeenAtOnce() async throws {
        let fixture = try await Fixture()
        let one = try await fixture.push(["a": "1"]).rawValue
        try await Self.settle(fixture)
        #expect(try await Self.names(fixture) == ["refs/heads/master"])
        let steps: [(arguments: [String], names: [String])] = [
            (["update-ref", "refs/heads/b", one], ["refs/heads/b", "refs/heads/master"]),
            (["update-ref", "refs/tags/deep/x", one], ["refs/heads/b", "refs/heads/master", "refs/tags/deep/x"]),
            (["pack-refs", "--all", "--prune"], ["refs/heads/b", "refs/heads/master", "refs/tags/deep/x"]),
            (["update-ref", "-d", "refs/heads/b"], ["refs/heads/master", "refs/tags/deep/x"]),
            (["branch", "-q", "c", "master"], ["refs/heads/c", "refs/heads/master", "refs/tags/deep/x"]),
            (["branch", "-q", "-D", "c"], ["refs/heads/master", "refs/tags/deep/x"]),
        ]
        for step in steps {
            _ = try await fixture.stored.start(step.arguments).outcome()
            #expect(try await Self.names(fixture) == step.names, "\(step.arguments)")
            try await Self.settle(fixture)
            #expect(try await Self.names(fixture) == step.names, "\(step.arguments)")
        }
        try await fixture.stored("symbolic-ref", "HEAD", "refs/heads/other")
        #expect(try await fixture.store.snapshot(of: fixture.app).head == "refs/heads/other")
    }

    @Test func aValueThatMovesManyTimesInOneTickIsSeen() async throws {
        let fixture = try await Fixture()
        var tips: [ObjectID] = []
        for number in 0..<4 { tips.append(ObjectID(try await fixture.push(["a": "\(number)"], branch: "b\(number)"))) }
        var current = ObjectID.zero
        for number in 0..<400 {
            let next = tips[number % tips.count]
            let update = ReferenceUpdate(name: "refs/heads/moving", old: current, new: next)
            let result = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                try repository.update([update])
            }
            #expect(result == [nil])
            current = next
            #expect(try await fixture.store.snapshot(of: fixture.app)["refs/heads/moving"]?.id == next)
        }
    }

    @Test func annotatedTagsAreKeptPeeled() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        try await fixture.git("tag", "-a", "v1", "-m", "v1")
        try await fixture.git("push", "-q", fixture.directory, "v1")
        for _ in 0..<2 {
            #expect(try await fixture.store.snapshot(of: fixture.app)["refs/tags/v1"]?.peeled == one)
            try await Self.settle(fixture)
        }
        try await fixture.stored("pack-refs", "--all")
        #expect(try await fixture.store.snapshot(of: fixture.app)["refs/tags/v1"]?.peeled == one)
    }

    @Test func aRefWithoutItsObjectIsToldToPushersOnlyAndComesBackWithTheObject() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "1"])
        try await fixture.git("commit", "-q", "--allow-empty", "-m", "later")
        let later = try await fixture.git("rev-parse", "HEAD")
        try Data("\(later)\n".utf8).write(to: URL(fileURLWithPath: fixture.directory + "/refs/heads/broken"))
        let snapshot = try await fixture.store.snapshot(of: fixture.app)
        #expect(snapshot.references.map(\.name) == ["refs/heads/broken", "refs/heads/master"])
        #expect(snapshot.sound.references.map(\.name) == ["refs/heads/master"])
        // git would not push to such a repository, so the object is written there.
        let path = fixture.scratch.path("commit")
        let text = try await fixture.git("cat-file", "commit", later)
        try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await fixture.stored("hash-object", "-t", "commit", "-w", path) == later)
        #expect(try await fixture.store.snapshot(of: fixture.app).broken.isEmpty)
    }

    @Test func aRepositoryThatIsGoneHasNoRefs() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "1"])
        try await Self.settle(fixture)
        try await fixture.store.delete(fixture.app)
        await #expect(throws: GitError.self) { try await fixture.store.snapshot(of: fixture.app) }
    }

    @Test func theLeastUsedReadingsGoFirst() throws {
        let cache = ReferenceCache(byteLimit: 10_000)
        for number in 0..<50 {
            cache.keep(ReferenceSnapshot(head: "x", references: []), stamps: [], readAt: 0, of: "\(number)")
            _ = cache.snapshot(of: "0")
        }
        #expect(cache.count < 10)
        #expect(cache.snapshot(of: "0") != nil)
        #expect(cache.snapshot(of: "1") == nil)
        #expect(cache.snapshot(of: "49") != nil)
    }

    @Test func whatWasJustWrittenIsNotKept() throws {
        let scratch = try TemporaryDirectory("berth-stamps")
        let path = scratch.path("file")
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        let stamp = FileStamp(path)
        #expect(!stamp.isSettled(at: FileStamp.now()))
        #expect(stamp.isSettled(at: FileStamp.now() + 3_000_000_000))
        let cache = ReferenceCache(byteLimit: 10_000)
        cache.keep(ReferenceSnapshot(head: "x", references: []), stamps: [stamp], readAt: FileStamp.now(), of: "a")
        #expect(cache.count == 0)
        // A file system without fractions of seconds.
        var times = [timespec(tv_sec: 1_600_000_000, tv_nsec: 0), timespec(tv_sec: 1_600_000_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        #expect(FileStamp(path) != stamp)
        #expect(FileStamp(path).isSettled(at: FileStamp.now() + 3_000_000_000))
    }
}
