import Core
import Foundation
import TestSupport
import Testing

/// The rule for branch names against the git that is installed.
@Suite("Names of branches")
struct BranchNameTests {
    private static let pieces = [
        "a", "b", "main", "/", "/", ".", "..", "-", "@", "{", "@{", "~", "^", ":", "?", "*", "[", "]", "\\", " ", "\t",
        "\n",
        "\u{7f}", "\u{1}", ".lock", "lock", "HEAD", "refs", "heads", "\u{e9}", "e\u{301}", "\u{212a}", "\u{1f980}",
        "$(id)",
        ";", "'", "\"", "`", "&", "|", "<", ">", "%2f", "#", "+", "=", ",", "!", "}", "(", ")",
    ]
    private static let table = [
        "main", "feature/x", "a.b", "a.lock", "a.lock/b", "a.locked", ".a", "a/.b", "a.", "a./b", "a..b", "/a", "a/",
        "a//b",
        "@", "a@", "@a", "a@{b", "a@b{", "HEAD", "head", "a/HEAD", "HEAD/a", "-a", "a-", "--upload-pack=x",
        "refs/heads/a",
        "a b", "a\u{7f}", "a\n", "~", "a~1", "^a", "a:b", "a?", "a*", "[a", "a]", "a\\b", "{", "}", "caf\u{e9}",
        "\u{301}x",
        "a/b/c/d/e", "0", "0123456789012345678901234567890123456789", "\u{1f980}", "a\u{a0}b", "a\u{2028}b", "$(id)",
        "a;b",
    ]

    @Test("are what git check-ref-format --branch accepts")
    func sameAsGit() async throws {
        let folder = try TemporaryDirectory("berth-names")
        let git = GitCommand(folder: folder.path)
        var generator = SeededGenerator(seed: 20_260_422)
        let random = (0..<300).map { _ in
            (0..<Int.random(in: 1...5, using: &generator)).map { _ in Self.pieces.randomElement(using: &generator) ?? ""
            }
            .joined()
        }
        // git reads a lone @ as HEAD, which no branch may be called.
        for name in Self.table + random where name != "@" {
            let outcome = try await git.run("check-ref-format", "--branch", name)
            #expect((BranchName(name) != nil) == (outcome.status == 0), "\(name.debugDescription)")
        }
    }
}

/// The same numbers in every run (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators").
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
