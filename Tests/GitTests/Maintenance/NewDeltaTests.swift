import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// Deltas that maintenance finds where nobody sent any.
struct NewDeltaTests {
    /// Commits that change one file of two hundred lines each, kept loose or in one pack that git made.
    private static func fixture(commits: Int, depth: Int?) async throws -> Fixture {
        let fixture = try await Fixture()
        for number in 0..<commits {
            let lines = (0..<200).map { "line \($0) of a long file\($0 == number % 200 ? ", changed" : "")\n" }
            for name in ["a/b/file", "other"] {
                try fixture.write(name, Data((name + lines.joined() + "\(number)").utf8))
            }
            for name in 0..<30 where number == 0 { try fixture.write("a/plain\(name)", Data("\(name)".utf8)) }
            try await fixture.git("add", "-A")
            try await fixture.git("commit", "-q", "-m", "c\(number)")
        }
        try await fixture.git("push", "-q", fixture.directory, "HEAD:refs/heads/master")
        if let depth {
            try await fixture.stored("repack", "-a", "-d", "-f", "-q", "--depth=\(depth)", "--window=\(depth)")
        }
        return fixture
    }

    private static func maintain(_ fixture: Fixture) async throws {
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            for after in [0, 90] {
                _ = try repository.maintain(.full, policy: MaintenancePolicy(), now: time(nil) + after)
            }
        }
        try await fixture.stored("fsck", "--strict", "--full")
    }

    /// Each delta's object, and the one that it stands on.
    private static func deltas(_ fixture: Fixture) async throws -> Set<[Substring]> {
        let folder = "\(fixture.directory)/objects/pack"
        var deltas: Set<[Substring]> = []
        for pack in try FileManager.default.contentsOfDirectory(atPath: folder) where pack.hasSuffix(".pack") {
            for line in try await fixture.stored("verify-pack", "-v", "\(folder)/\(pack)").split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 7, words[0].count == 40 { deltas.insert([words[0], words[6]]) }
            }
        }
        return deltas
    }

    private static func stored(_ id: String, _ fixture: Fixture) -> String {
        "\(fixture.directory)/objects/\(id.prefix(2))/\(id.dropFirst(2))"
    }

    /// How many objects stand on so many deltas.
    private static func depths(_ fixture: Fixture) async throws -> (whole: Int, deltas: Int, deepest: Int, bytes: Int) {
        let folder = "\(fixture.directory)/objects/pack"
        let packs = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".pack") }
        #expect(packs.count == 1)
        var (whole, deltas, deepest, bytes) = (0, 0, 0, 0)
        for line in try await fixture.stored("verify-pack", "-v", "\(folder)/\(packs[0])").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 5, words[0].count == 40 else { continue }
            bytes += Int(words[3]) ?? 0
            if words.count == 7 { deltas += 1; deepest = max(deepest, Int(words[5]) ?? 0) } else { whole += 1 }
        }
        return (whole, deltas, deepest, bytes)
    }

    private static func bases(
        _ objects: [ObjectID], _ repository: borrowing Repository
    ) -> [ObjectID: ObjectID] {
        LaterVersions(of: objects, until: .now + .seconds(60), in: repository).bases
    }

    @Test func versionsOfAFileBecomeDeltasOnLaterOnes() async throws {
        let fixture = try await Self.fixture(commits: 70, depth: 0)
        let before = try await Self.depths(fixture)
        #expect(before.deltas == 0)
        try fixture.write("more", Data("more".utf8))
        _ = try await fixture.pushAll()
        try await Self.maintain(fixture)
        let after = try await Self.depths(fixture)
        #expect(after.whole + after.deltas == before.whole + 3)
        // Both files and the larger folder of each commit, but for each fiftieth.
        #expect(after.deltas >= 3 * 68)
        #expect(after.deepest == 50)
        #expect(after.bytes < before.bytes / 3)
        // What is read most is whole.
        let latest = try await fixture.git("rev-parse", "HEAD:other")
        #expect(try await Self.deltas(fixture).allSatisfy { $0[0] != latest })
        // What one round has left whole, and all that is deep, is none the worse after another.
        try fixture.write("more", Data("more still".utf8))
        _ = try await fixture.pushAll()
        try await Self.maintain(fixture)
        #expect(try await Self.depths(fixture).bytes <= after.bytes + 600)
    }

    @Test func whatLiesLooseBecomesDeltas() async throws {
        let fixture = try await Self.fixture(commits: 20, depth: nil)
        try await Self.maintain(fixture)
        #expect(try await Self.depths(fixture).deltas >= 19 * 2)
    }

    @Test func deltasOnEarlierVersionsStayAsTheyAre() async throws {
        let fixture = try await Fixture()
        // Git has what is smaller stand on what is larger.
        for number in 0..<12 {
            let lines = (0..<200 - 5 * number).map { "line \($0) of a long file\n" }
            _ = try await fixture.push(["a/file": lines.joined()])
        }
        try await fixture.stored("repack", "-a", "-d", "-f", "-q")
        let first = Substring(try await fixture.git("rev-parse", "HEAD~11:a/file"))
        let before = try await Self.deltas(fixture)
        #expect(before.count >= 11 && before.contains { $0[1] == first } && !before.contains { $0[0] == first })
        try fixture.write("more", Data("more".utf8))
        _ = try await fixture.pushAll()
        try await Self.maintain(fixture)
        #expect(try await Self.deltas(fixture).isSuperset(of: before))
    }

    @Test func whatIsDamagedIsCopiedAndNothingStandsOnIt() async throws {
        let fixture = try await Self.fixture(commits: 4, depth: nil)
        let ids = try await [fixture.git("rev-parse", "HEAD~1:other"), fixture.git("rev-parse", "HEAD:other")]
        let path = Self.stored(ids[0], fixture)
        // A sound file with the wrong content.
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: Self.stored(ids[1], fixture), toPath: path)
        let (older, later) = (try #require(ObjectID(ids[0])), try #require(ObjectID(ids[1])))
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            for (id, base) in [(older, later), (later, older)] {
                #expect(throws: GitError.self) {
                    try NewDelta.make(of: id, on: base, below: 1 << 20, level: 6, repository)
                }
            }
            _ = try repository.maintain(.full, policy: MaintenancePolicy(), now: time(nil))
        }
        #expect(try await fixture.stored("cat-file", "blob", ids[1]) == fixture.git("cat-file", "blob", ids[1]))
    }

    @Test func whatIsLargeOrUnlikeGetsNone() async throws {
        let fixture = try await Fixture()
        let text = (0..<60_000).map { "line \($0) of a long file\n" }.joined()
        for (number, size) in [1_100_000, 1_100_001, 900_000, 899_999, 20_000].enumerated() {
            _ = try await fixture.push(["file": String(text.prefix(size)), "number": "\(number)"])
        }
        var ids: [ObjectID] = []
        for back in (0..<5).reversed() {
            ids.append(try #require(ObjectID(try await fixture.git("rev-parse", "HEAD~\(back):file"))))
        }
        let files = ids
        let made = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            var made: [Bool] = []
            for (id, base) in zip(files, files.dropFirst()) {
                made.append(try NewDelta.make(of: id, on: base, below: 1 << 20, level: 6, repository) != nil)
            }
            return made
        }
        #expect(made == [false, false, true, false])
    }

    @Test func versionsThatCannotBeReadAreNone() async throws {
        let fixture = try await Self.fixture(commits: 3, depth: nil)
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let head = try repository.references.all().first { $0.name == "refs/heads/master" }?.id ?? .zero
            let tree = try repository.commit(head).tree
            // Without the commit nobody knows what was before.
            #expect(Self.bases([tree, .zero], repository).isEmpty)
            // Without the earlier one nothing stands on the later one.
            #expect(Self.bases([head, tree], repository).isEmpty)
            let parent = try repository.commit(try repository.commit(head).parents[0]).tree
            #expect(Self.bases([head, tree, parent], repository) == [parent: tree])
        }
    }
}
