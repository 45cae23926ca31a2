import Foundation
import TestSupport

@testable import Git

/// A repository of the store with a history that a seed decides: merges, renames, deletions, folders in folders, tags,
/// kept as loose objects and in packs that overlap.
struct RandomHistory {
    let fixture: Fixture
    private(set) var commits: [String] = []
    private var random: SeededGenerator

    init(seed: UInt64, commits count: Int) async throws {
        fixture = try await Fixture()
        random = SeededGenerator(seed: seed)
        let git = fixture.git
        for number in 0..<count {
            if number > 3, Int.random(in: 0..<4, using: &random) == 0 {
                let others = commits.shuffled(using: &random).prefix(2)
                try await git("checkout", "-q", others[others.startIndex])
                if Int.random(in: 0..<2, using: &random) == 0, let other = others.last {
                    try await git("merge", "-q", "-s", "ours", "--no-ff", "--no-edit", "-m", "m\(number)", other)
                }
            }
            for _ in 0...Int.random(in: 0...3, using: &random) { try change() }
            try await git("add", "-A")
            try await git("commit", "-q", "--allow-empty", "-m", "c\(number)")
            let commit = try await git("rev-parse", "HEAD")
            commits.append(commit)
            try await git("branch", "-f", "b\(number)", commit)
            if number % 5 == 2 { try await git("tag", "-a", "t\(number)", "-m", "tag \(number)") }
            // What is pushed here lies about loose until it is packed.
            try await git("push", "-q", fixture.directory, "b\(number)")
            switch Int.random(in: 0..<6, using: &random) {
            case 0: try await fixture.stored("repack", "-d", "-q")
            case 1: try await packSome()
            default: break
            }
        }
        try await git("push", "-q", fixture.directory, "--tags")
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func someCommits(_ count: Int) -> [String] { Array(commits.shuffled(using: &random).prefix(count)) }

    private mutating func change() throws {
        let folders = ["", "a/", "a/b/", "a/b/c/", "d/"]
        let path = folders[Int.random(in: 0..<5, using: &random)] + "f\(Int.random(in: 0..<6, using: &random))"
        let full = URL(fileURLWithPath: fixture.git.folder).appendingPathComponent(path)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: try? FileManager.default.removeItem(at: full)
        case 1:
            let other = "moved\(Int.random(in: 0..<4, using: &random))"
            try? FileManager.default.moveItem(
                at: full, to: URL(fileURLWithPath: fixture.git.folder).appendingPathComponent(other))
        default:
            var text = FileManager.default.contents(atPath: full.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if text.isEmpty { for line in 0..<60 { text += "\(path) line \(line)\n" } }
            text += "more \(Int.random(in: 0..<1000, using: &random))\n"
            try fixture.write(path, Data(text.utf8))
        }
    }

    /// Packs about half of all objects once more, so that some are in several packs and as different deltas.
    private mutating func packSome() async throws {
        let all = try await fixture.stored("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        let some = all.split(separator: "\n").filter { _ in Bool.random(using: &random) }
        let list = fixture.scratch.path("list")
        guard !some.isEmpty else { return }
        try Data((some.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: list))
        let arguments = [
            "pack-objects", "-q", "--no-reuse-delta", "--window=\(Int.random(in: 2..<20, using: &random))",
            "objects/pack/pack",
        ]
        let outcome = try await fixture.stored.start(arguments, input: list).outcome()
        guard outcome.status == 0 else { throw GitCommand.Failure(arguments: arguments, outcome: outcome) }
        if Bool.random(using: &random) { try await fixture.stored("prune-packed", "-q") }
    }
}
