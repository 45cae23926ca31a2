import Core
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Builder

/// What an app's builds leave to its later ones.
struct BuildCacheTests {
    private static let template = """
        schema: 1
        name: cached
        description: d
        build:
          caches: [{name: c, files: [lock], size: 1}]
          steps: [{name: make, command: [make]}]
        run: {kind: web, command: [w]}
        """

    /// Runs a step that notes what it finds in the cache and puts a file there.
    private func fixture(
        _ step: @escaping @Sendable (String) -> ContainerTaskExit = { _ in .exited(0) }
    ) throws -> (fixture: BuildFixture, found: Found) {
        let found = Found()
        let runner = StubTaskRunner { task, _ throws(PlatformError) in
            guard let folder = task.cache.map({ "\($0)/c" }) else { throw .invalid("there is no cache") }
            found.add(folder)
            return step(folder)
        }
        return (try BuildFixture(runner, templates: try templates()), found)
    }

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("cached-template") }

    private func templates() throws -> String {
        let folder = directory.path("templates")
        try FileManager.default.createDirectory(atPath: "\(folder)/cached", withIntermediateDirectories: true)
        try Data(Self.template.utf8).write(to: URL(fileURLWithPath: "\(folder)/cached/template.yaml"))
        return folder
    }

    /// What the steps saw, in order.
    private final class Found: Sendable {
        private let state = Mutex<[(names: Set<String>, owner: UInt32)]>([])
        var names: [Set<String>] { state.withLock { $0.map(\.names) } }
        var owners: [UInt32] { state.withLock { $0.map(\.owner) } }

        func add(_ folder: String) {
            var info = stat()
            stat(folder, &info)
            let names = Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            state.withLock { $0.append((names, info.st_uid)) }
        }
    }

    private static func write(_ name: String, to folder: String, bytes: Int = 3) {
        _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data(count: bytes))
    }

    private func build(_ fixture: BuildFixture, lock: String, account: UInt32 = 12_345) async throws {
        let commit = try fixture.repository.commit(texts: ["lock": lock])
        let request = try fixture.request(commit, template: "cached", account: account)
        _ = try await fixture.builder.build(request, log: fixture.log)
    }

    private func names(_ fixture: BuildFixture, _ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: fixture.directory.path("data/cache/builds/\(path)")))
            ?? []
    }

    @Test func aLaterBuildFindsWhatAnEarlierOneLeftAlsoWithOtherFiles() async throws {
        let (fixture, found) = try fixture { folder in
            Self.write("f\(Int.random(in: 0..<1_000_000))", to: folder)
            return .exited(0)
        }
        try await build(fixture, lock: "1")
        try await build(fixture, lock: "1")
        try await build(fixture, lock: "2")
        #expect(found.names.map(\.count) == [0, 1, 2])
        #expect(found.names[2].isSuperset(of: found.names[1]))
        #expect(fixture.log.lines.filter { $0 == "cache c: taken over from an earlier build" }.count == 2)
        #expect(names(fixture, "work") == [])
        #expect(names(fixture, "apps/\(fixture.app)/c").count == 1)
    }

    @Test func aBuildThatFailsLeavesNothing() async throws {
        let isBroken = Mutex(false)
        let (fixture, found) = try fixture { folder in
            Self.write("a", to: folder)
            return .exited(isBroken.withLock { $0 } ? 1 : 0)
        }
        try await build(fixture, lock: "1")
        isBroken.withLock { $0 = true }
        await #expect(throws: PlatformError.self) { try await build(fixture, lock: "1") }
        isBroken.withLock { $0 = false }
        try await build(fixture, lock: "1")
        #expect(found.names == [[], ["a"], []])
        #expect(names(fixture, "work") == [])
    }

    @Test func whatGrewTooLargeIsNotKept() async throws {
        let (fixture, found) = try fixture { folder in
            Self.write("a", to: folder, bytes: 2 << 20)
            return .exited(0)
        }
        try await build(fixture, lock: "1")
        try await build(fixture, lock: "1")
        #expect(found.names == [[], []])
        #expect(fixture.log.lines.contains { $0.hasPrefix("cache c: not kept, it has 2 MiB and may have 1 MiB") })
        #expect(names(fixture, "work") == [])
    }

    @Test func anotherChannelsAccountGetsTheFilesAndNeverThoseOfALink() async throws {
        let outside = directory.path("outside")
        Self.write("outside", to: directory.path)
        let (fixture, found) = try fixture { folder in
            mkdir("\(folder)/deep", 0o700)
            Self.write("deep/a", to: folder)
            symlink(outside, "\(folder)/link")
            return .exited(0)
        }
        try await build(fixture, lock: "1", account: 12_345)
        try await build(fixture, lock: "1", account: 12_346)
        #expect(found.owners == [12_345, 12_346])
        let kept = fixture.directory.path("data/cache/builds/apps/\(fixture.app)/c")
        let key = try #require(try FileManager.default.contentsOfDirectory(atPath: kept).first)
        var info = stat()
        lstat("\(kept)/\(key)/deep", &info)
        #expect(info.st_uid == 12_346)
        lstat(outside, &info)
        #expect(info.st_uid == 0)
    }

    @Test func aFileWithASecondNameElsewhereIsNotHandedOver() async throws {
        let outside = directory.path("outside")
        Self.write("outside", to: directory.path)
        let (fixture, found) = try fixture { folder in
            link(outside, "\(folder)/a")
            return .exited(0)
        }
        try await build(fixture, lock: "1", account: 12_345)
        try await build(fixture, lock: "1", account: 12_346)
        #expect(found.names == [[], []])
        var info = stat()
        lstat(outside, &info)
        #expect(info.st_uid == 0)
    }

    @Test func appsHaveTheirOwnAndADeletedOneNothing() async throws {
        let (fixture, _) = try fixture { folder in
            Self.write("a", to: folder)
            return .exited(0)
        }
        try await build(fixture, lock: "1")
        #expect(names(fixture, "apps") == ["\(fixture.app)"])
        let cache = fixture.builder.cache
        let plan = [CachePlan(name: "c", key: "k", bytes: 1 << 20)]
        let other = try cache.lease(plan, app: ID(), build: "b", account: 12_345)
        #expect(other.filled == [])
        await fixture.builder.forget(fixture.app)
        #expect(names(fixture, "apps") == [])
    }

    @Test func twoBuildsAtOnceNeverShareAFolderAndAFewAreKept() throws {
        let cache = BuildCache(directory: directory.path("caches"))
        let app = ID<App>()
        func plan(_ key: String) -> [CachePlan] { [CachePlan(name: "c", key: key, bytes: 1 << 20)] }
        var leases: [BuildCache.Lease] = []
        for build in ["1", "2", "3"] {
            leases.append(try cache.lease(plan(build), app: app, build: build, account: 12_345))
            Self.write(build, to: "\(leases.last?.folder ?? "")/c")
        }
        for lease in leases { #expect(try cache.giveBack(lease).isEmpty) }
        let kept = directory.path("caches/apps/\(app)/c")
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: kept)) == ["2", "3"])
        // The one of the same key goes before the newest.
        let exact = try cache.lease(plan("2"), app: app, build: "4", account: 12_345)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(exact.folder)/c") == ["2"])
        // What the server's end left is gone with the next start.
        try cache.sweep()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("caches")) == ["apps"])
    }

    @Test func aLeaseThatCannotBeMadeLeavesNothing() throws {
        let cache = BuildCache(directory: directory.path("caches"))
        let plans = ["c", "no/such"].map { CachePlan(name: $0, key: "k", bytes: 1 << 20) }
        #expect(throws: FileError.self) { try cache.lease(plans, app: ID(), build: "b", account: 12_345) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("caches/work")).isEmpty)
    }
}
