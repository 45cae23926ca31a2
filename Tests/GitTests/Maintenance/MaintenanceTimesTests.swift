import Blocking
import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Git

/// When maintenance is asked for, how it takes its turns, and what it leaves to those who read meanwhile.
struct MaintenanceTimesTests {
    /// Commits, and pushes so that each commit is a pack.
    private static func push(_ fixture: Fixture, _ text: String) async throws -> ObjectID {
        try await fixture.stored("config", "receive.unpackLimit", "1")
        let commit = try await fixture.push(["a": "\(text)\n"])
        return try #require(ObjectID("\(commit)"))
    }

    @Test func aPushThatLeavesManyPacksAsksForMaintenance() async throws {
        let fixture = try await Fixture()
        var requests = fixture.store.maintenanceRequests.makeAsyncIterator()
        let limit = fixture.store.configuration.maintenance.packs
        let other = ID<App>()
        try await fixture.store.create(other, head: .master)
        for number in 0..<limit { _ = try await Self.push(fixture, "\(number)") }
        await fixture.store.notePush(fixture.app)
        #expect(await !fixture.store.hasManyPacks(fixture.app))
        _ = try await Self.push(fixture, "one more")
        #expect(await fixture.store.hasManyPacks(fixture.app))
        await fixture.store.notePush(other)
        await fixture.store.notePush(fixture.app)
        // The first request is of the push that went over the limit, not of one before or of another repository.
        #expect(await requests.next() == fixture.app)
        #expect(try await fixture.store.maintain(fixture.app, .usual).consolidatedPacks > limit / 2)
    }

    @Test func theTimeOfTheLastFullRoundIsKept() async throws {
        let fixture = try await Fixture()
        _ = try await Self.push(fixture, "one")
        #expect(await fixture.store.age(ofFullMaintenance: fixture.app) == nil)
        _ = try await fixture.store.maintain(fixture.app, .usual)
        #expect(await fixture.store.age(ofFullMaintenance: fixture.app) == nil)
        _ = try await fixture.store.maintain(fixture.app, .full)
        let age = try #require(await fixture.store.age(ofFullMaintenance: fixture.app))
        #expect((0..<3600).contains(age))
        // It outlives the server: it is a file's time.
        let stamp = "\(fixture.directory)/objects/info/berth-maintained"
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)], ofItemAtPath: stamp)
        let later = try #require(await fixture.store.age(ofFullMaintenance: fixture.app))
        #expect(later >= 8 * 86_400)
    }

    @Test func itRunsAtALowPriorityAndGivesTheThreadBackAsItWas() async throws {
        let fixture = try await Fixture()
        let store = fixture.store
        @Sendable func priority() -> Int32 { getpriority(Int32(PRIO_PROCESS.rawValue), 0) }
        let (before, inside, after) = await store.maintenancePool.run { () throws(Never) in
            let before = priority()
            var inside: Int32 = 0
            try? RepositoryStore.atLowPriority { () throws(GitError) in inside = priority() }
            return (before, inside, priority())
        }
        #expect(before == after)
        #expect(inside == (geteuid() == 0 ? 15 : before))
        // Also when the work fails.
        let last = await store.maintenancePool.run { () throws(Never) in
            try? RepositoryStore.atLowPriority { () throws(GitError) in
                throw GitError(.refused, "x", operation: "x")
            }
            return priority()
        }
        #expect(last == before)
    }

    @Test func aPackThatGoesIsReadToItsEndByThoseWhoHaveIt() async throws {
        let fixture = try await Fixture()
        try fixture.write("noise", Data((0..<400_000).map { _ in UInt8.random(in: 0...255) }))
        _ = try await Self.push(fixture, "one")
        let tip = try await Self.push(fixture, "two")
        let (store, app) = (fixture.store, fixture.app)
        let pack = try await store.withRepository(app) { (repository) throws(GitError) in
            try repository.makePack(PackRequest(wants: [tip], usesOffsetDeltas: true))
        }
        var reader = pack.reader()
        var bytes = try reader.read(1000)
        #expect(bytes.count == 1000)
        let folder = "\(fixture.directory)/objects/pack"
        let old = try FileManager.default.contentsOfDirectory(atPath: folder)
        let policy = MaintenancePolicy()
        let removed = try await store.withRepository(app) { (repository) throws(GitError) in
            _ = try repository.maintain(.full, policy: policy, now: time(nil))
            return try repository.maintain(.full, policy: policy, now: time(nil) + 90).removedPacks
        }
        #expect(removed == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !old.contains($0) })
        while !reader.isAtEnd { bytes += try reader.read(70_000) }
        #expect(bytes.count == pack.size)
        let git = GitCommand(folder: fixture.scratch.path("index"))
        try FileManager.default.createDirectory(atPath: git.folder, withIntermediateDirectories: true)
        try await git("init", "-q", "--bare")
        let path = git.folder + "/sent"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let outcome = try await git.start(["index-pack", "--stdin", "--strict"], input: path).outcome()
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(try await git("rev-list", "--count", "--objects", tip.description) == "7")
    }
}
