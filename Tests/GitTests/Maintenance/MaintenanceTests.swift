import Core
import Foundation
import TestSupport
import Testing

@testable import Git

struct MaintenanceTests {
    private static func maintain(
        _ fixture: Fixture, _ depth: MaintenanceDepth, policy: MaintenancePolicy = MaintenancePolicy(), after: Int = 0,
        room: Int? = nil
    ) async throws -> MaintenanceReport {
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.maintain(depth, policy: policy, now: time(nil) + after, room: room)
        }
    }

    private static func packs(_ fixture: Fixture) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(fixture.directory)/objects/pack")
            .filter { $0.hasSuffix(".idx") }.sorted()
    }

    private static func objects(_ fixture: Fixture) async throws -> Set<String> {
        let list = try await fixture.stored("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        return Set(list.split(separator: "\n").map(String.init))
    }

    /// Pushes through our own receiver, so that each push is one pack.
    private static func pushPacks(_ count: Int, _ fixture: Fixture) async throws {
        for number in 0..<count {
            let old = try? await fixture.git("rev-parse", "HEAD")
            try fixture.write(
                "f\(number % 3).txt", Data((0..<50).map { "line \($0) of \(number) of \(count)\n" }.joined().utf8))
            try await fixture.git("add", "-A")
            try await fixture.git("commit", "-q", "-m", "c\(number)")
            let new = try await fixture.git("rev-parse", "HEAD")
            let list = fixture.scratch.path("revisions")
            try Data("\(new)\n\(old.map { "^\($0)\n" } ?? "")".utf8).write(to: URL(fileURLWithPath: list))
            let pack = try fixture.git.start(
                ["pack-objects", "--revs", "--thin", "--stdout", "--delta-base-offset", "-q"], input: list)
            _ = await pack.outcome()
            let bytes = [UInt8](pack.rawOutput)
            try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                let pack = try repository.receive(.memory(bytes), limits: ReceiveLimits()) { (_) throws(GitError) in
                    true
                }
                try pack?.accept()
                _ = try repository.update([
                    ReferenceUpdate(
                        name: "refs/heads/master", old: old.flatMap { ObjectID($0) } ?? .zero,
                        new: ObjectID(new) ?? .zero)
                ])
            }
        }
    }

    @Test func manyPacksBecomeFewAndTheOldOnesGoLater() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(12, fixture)
        let before = try await Self.objects(fixture)
        var policy = MaintenancePolicy()
        policy.packs = 12
        #expect(try await Self.maintain(fixture, .usual, policy: policy).isEmpty)
        policy.packs = 5
        let report = try await Self.maintain(fixture, .usual, policy: policy)
        #expect(report.consolidatedPacks > 6)
        // Whoever reads now still finds what it has looked up.
        #expect(try Self.packs(fixture).count == 13)
        #expect(try await Self.maintain(fixture, .usual, policy: policy, after: 30).removedPacks == 0)
        #expect(
            try await Self.maintain(fixture, .usual, policy: policy, after: 90).removedPacks == report.consolidatedPacks
        )
        #expect(try Self.packs(fixture).count == 13 - report.consolidatedPacks)
        #expect(try await Self.objects(fixture) == before)
        try await fixture.stored("fsck", "--strict", "--full")
        for index in try Self.packs(fixture) {
            try await fixture.stored("verify-pack", "\(fixture.directory)/objects/pack/\(index)")
        }
    }

    @Test func nothingIsWrittenAnewToADiskThatIsNearlyFullAndWhatIsOverGoes() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(3, fixture)
        var few = MaintenancePolicy()
        few.packs = 1
        let policy = few
        for depth in [MaintenanceDepth.usual, .full] {
            let error = await #expect(throws: GitError.self) {
                try await Self.maintain(fixture, depth, policy: policy, room: 0)
            }
            #expect(error?.code == .tooLarge)
            #expect(try Self.packs(fixture).count == 3)
        }
        _ = try await Self.maintain(fixture, .full, policy: policy, room: 1 << 20)
        #expect(try Self.packs(fixture).count == 4)
        // There is nothing to write any more.
        #expect(try await Self.maintain(fixture, .full, policy: policy, after: 90, room: 0).removedPacks == 3)
        #expect(try Self.packs(fixture).count == 1)
        try await fixture.stored("fsck", "--strict", "--full")
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func everythingGoesIntoOnePack(seed: UInt64) async throws {
        let history = try await RandomHistory(seed: seed, commits: 16)
        let fixture = history.fixture
        let before = try await Self.objects(fixture)
        var policy = MaintenancePolicy()
        policy.graphCommits = 5
        let report = try await Self.maintain(fixture, .full, policy: policy)
        #expect(report.droppedObjects == 0)
        #expect(report.packedReferences > 10)
        _ = try await Self.maintain(fixture, .full, policy: policy, after: 90)
        #expect(try Self.packs(fixture).count == 1)
        #expect(try await Self.objects(fixture) == before)
        #expect(try await fixture.stored("count-objects") == "0 objects, 0 kilobytes")
        #expect(try await fixture.stored("for-each-ref").split(separator: "\n").count >= 16)
        #expect(FileManager.default.fileExists(atPath: "\(fixture.directory)/objects/info/commit-graph"))
        try await fixture.stored("commit-graph", "verify")
        let plain = try await fixture.stored("-c", "core.commitGraph=false", "rev-list", "--topo-order", "--all")
        #expect(try await fixture.stored("rev-list", "--topo-order", "--all") == plain)
        try await fixture.stored("fsck", "--strict", "--full")
        // Nothing is left to do.
        #expect(try await Self.maintain(fixture, .full, policy: policy, after: 180).isEmpty)
    }

    @Test func whatNoRefReachesGoesAfterTheGraceTimeAndNotBefore() async throws {
        let history = try await RandomHistory(seed: 11, commits: 10)
        let fixture = history.fixture
        let all = try await Self.objects(fixture)
        for name in try await fixture.stored("for-each-ref", "--format=%(refname)").split(separator: "\n") {
            if name != "refs/heads/b3" { try await fixture.stored("update-ref", "-d", String(name)) }
        }
        let needed = try await fixture.stored("rev-list", "--objects", "--no-object-names", "refs/heads/b3")
        let reachable = Set(needed.split(separator: "\n").map(String.init))
        #expect(reachable.count < all.count)
        _ = try await Self.maintain(fixture, .full)
        _ = try await Self.maintain(fixture, .full, after: 90)
        #expect(try await Self.objects(fixture) == all)
        let later = MaintenancePolicy().unreachableGrace + 1000
        #expect(try await Self.maintain(fixture, .full, after: later).droppedObjects == all.count - reachable.count)
        #expect(try await Self.objects(fixture) == all)
        _ = try await Self.maintain(fixture, .full, after: later + 90)
        #expect(try await Self.objects(fixture) == reachable)
        try await fixture.stored("fsck", "--strict", "--full")
    }

    @Test func whatIsNewlyUnneededDoesNotKeepWhatHasLongBeenSo() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(2, fixture)
        let first = try await Self.objects(fixture)
        for name in try Self.packs(fixture) {
            for path in [name, name.replacingOccurrences(of: ".idx", with: ".pack")] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -10 * 86_400)],
                    ofItemAtPath: "\(fixture.directory)/objects/pack/\(path)")
            }
        }
        for count in [3, 4] {
            try await fixture.stored("update-ref", "-d", "refs/heads/master")
            try await fixture.git("checkout", "-q", "--orphan", "branch\(count)")
            try await fixture.git("rm", "-rqf", ".")
            try await Self.pushPacks(count, fixture)
        }
        let all = try await Self.objects(fixture)
        _ = try await Self.maintain(fixture, .full)
        _ = try await Self.maintain(fixture, .full, after: 90)
        #expect(try await Self.objects(fixture) == all)
        // Four days for the first, fourteen for the second.
        #expect(try await Self.maintain(fixture, .full, after: 5 * 86_400).droppedObjects == first.count)
        _ = try await Self.maintain(fixture, .full, after: 5 * 86_400 + 90)
        #expect(try await Self.objects(fixture) == all.subtracting(first))
        try await fixture.stored("fsck", "--strict", "--full")
    }

    @Test func whatAPushComesToNeedMeanwhileStays() async throws {
        let history = try await RandomHistory(seed: 12, commits: 8)
        let fixture = history.fixture
        let all = try await Self.objects(fixture)
        let refs = try await fixture.stored("for-each-ref", "--format=%(refname) %(objectname)").split(separator: "\n")
        for line in refs { try await fixture.stored("update-ref", "-d", String(line.split(separator: " ")[0])) }
        let later = MaintenancePolicy().unreachableGrace + 1000
        #expect(try await Self.maintain(fixture, .full, after: later).droppedObjects == all.count)
        // The client pushes a commit that the server still had, so it sends no objects.
        let parts = refs[0].split(separator: " ").map(String.init)
        try await fixture.stored("update-ref", parts[0], parts[1])
        #expect(try await Self.maintain(fixture, .usual, after: later + 90).removedPacks < 8)
        try await fixture.stored("fsck", "--strict", "--full")
    }

    @Test func nothingThatMayBeNeededGoesWhileAPushIsUnderWay() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(2, fixture)
        try await fixture.stored("update-ref", "-d", "refs/heads/master")
        let later = MaintenancePolicy().unreachableGrace + 1000
        let dropped = try await Self.maintain(fixture, .full, after: later).droppedObjects
        #expect(dropped > 3)
        let push = try await fixture.store.withRepositoryForPush(fixture.app) { (_, push) throws(GitError) in push }
        #expect(try await Self.maintain(fixture, .usual, after: later + 90).removedPacks == 0)
        withExtendedLifetime(push) {}
        #expect(try await Self.objects(fixture).count >= dropped)
    }

    @Test func deltaChainsStayShort() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(130, fixture)
        var policy = MaintenancePolicy()
        policy.packs = 4
        _ = try await Self.maintain(fixture, .full, policy: policy)
        _ = try await Self.maintain(fixture, .full, policy: policy, after: 90)
        let index = try #require(try Self.packs(fixture).first)
        let listing = try await fixture.stored("verify-pack", "-v", "\(fixture.directory)/objects/pack/\(index)")
        let depths = listing.split(separator: "\n").compactMap { line -> Int? in
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            return parts.count == 7 ? Int(parts[5]) : nil
        }
        #expect((1...50).contains(try #require(depths.max())))
    }

    @Test func damagedEntriesAreNotCopied() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(3, fixture)
        let folder = "\(fixture.directory)/objects/pack"
        let name = try #require(try Self.packs(fixture).first).replacingOccurrences(of: ".idx", with: ".pack")
        var bytes = try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"))
        // In the first entry, the commit: the last may be a base that another pack has as well.
        bytes[40] ^= 0xff
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        // A pack that is open already is read as it was.
        fixture.store.packs.forget(folder)
        await #expect(throws: GitError.self) { try await Self.maintain(fixture, .full) }
        #expect(try Self.packs(fixture).count == 3)
    }

    @Test func packsThatAnOutsideGitKeepsAreLeftAlone() async throws {
        let fixture = try await Fixture()
        try await Self.pushPacks(4, fixture)
        let kept = try #require(try Self.packs(fixture).first).dropLast(4)
        try Data().write(to: URL(fileURLWithPath: "\(fixture.directory)/objects/pack/\(kept).keep"))
        _ = try await Self.maintain(fixture, .full)
        _ = try await Self.maintain(fixture, .full, after: 90)
        #expect(try Self.packs(fixture).contains("\(kept).idx"))
        try await fixture.stored("fsck", "--strict", "--full")
        let file = "\(fixture.directory)/objects/info/alternates"
        try Data("/nowhere\n".utf8).write(to: URL(fileURLWithPath: file))
        try await Self.pushPacks(2, fixture)
        #expect(try await Self.maintain(fixture, .full).isEmpty)
    }
}
