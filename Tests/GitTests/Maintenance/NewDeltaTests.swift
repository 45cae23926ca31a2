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

    @Test func versionsOfAFileBecomeDeltasOnEarlierOnes() async throws {
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
    }

    @Test func whatLiesLooseBecomesDeltas() async throws {
        let fixture = try await Self.fixture(commits: 20, depth: nil)
        try await Self.maintain(fixture)
        #expect(try await Self.depths(fixture).deltas >= 19 * 2)
    }

    @Test func deltasOnLaterVersionsStayAsTheyAre() async throws {
        let fixture = try await Self.fixture(commits: 40, depth: 50)
        let before = try await Self.depths(fixture)
        #expect(before.deltas > 60)
        for number in 0..<2 {
            try fixture.write("more", Data("more \(number)".utf8))
            _ = try await fixture.pushAll()
            try await Self.maintain(fixture)
        }
        let after = try await Self.depths(fixture)
        // Of what came in between a commit, a tree and a file.
        #expect(after.whole <= before.whole + 6)
        #expect(after.bytes <= before.bytes + 1_000)
    }

    @Test func versionsThatCannotBeReadAreNone() async throws {
        let fixture = try await Self.fixture(commits: 3, depth: nil)
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let head = try repository.references.all().first { $0.name == "refs/heads/master" }?.id ?? .zero
            let tree = try repository.commit(head).tree
            // Without the commit nobody knows what was before.
            #expect(EarlierVersions(of: [tree, .zero], in: repository).bases.isEmpty)
            // Without the earlier one it is nothing to stand on.
            #expect(EarlierVersions(of: [head, tree], in: repository).bases.isEmpty)
            let parent = try repository.commit(try repository.commit(head).parents[0]).tree
            #expect(EarlierVersions(of: [head, tree, parent], in: repository).bases == [tree: parent])
        }
    }
}
