import Foundation
import TestSupport
import Testing

@testable import Git

/// Names that some file system takes for a file that git reads, as `git fsck` judges them when it is told to mind.
@Suite struct SpecialNamesTests {
    private static let names: [String] = [
        ".gitattributes", ".GITATTRIBUTES", ".gitattributes ", ".gitattributes. ", ".gitattributes:x", "gitatt~1",
        "GITATT~4", "gi7d29~1", "GI7D~100", "~1000000", "g~100000", ".g\u{200c}itattributes", "\u{feff}.GitAttributes",
        "gitatt~5", "gi7d28~1", "gi7d29~0", ".gitattributes x", "gitattributes", "gi7d29~1x",
        ".mailmap", ".MAILMAP", ".mailmap ", ".mailmap. ", ".mailmap:x", "mailma~1", "MAILMA~4", "maba30~1",
        "MABA~100", "m~100000", ".m\u{200d}ailmap", ".mailmap\u{202e}", "mailma~5", "maba31~1",
        "maba30~0", ".mailmap x", "mailmap", "maba30~1x", ".gitignore", "gi250a~1", ".mailmaps", "mail", "m", "readme",
    ]

    @Test func attack6LinksOfTheseNamesAreTakenForWhatGitTakesThemFor() async throws {
        let scratch = try TemporaryDirectory("berth-names")
        let git = GitCommand(folder: scratch.path)
        try await git("init", "-q", "--bare")
        let blob = try await git("hash-object", "-w", "--stdin")
        let target = try #require(ObjectID(blob))
        var ours: [String: String] = [:]
        for name in Self.names {
            let tree = PackBuilder.tree([("120000", name, target)])
            let id = try PackBuilder.name(.tree, tree)
            let path = scratch.path("tree")
            try Data(tree).write(to: URL(fileURLWithPath: path))
            try await git("hash-object", "-t", "tree", "-w", "--literally", path)
            tree.withUnsafeBytes { bytes in
                ours["\(id)"] = Self.brokenRule(bytes)
            }
        }
        let fsck = try await git.run(
            "-c", "fsck.gitattributesSymlink=error", "-c", "fsck.mailmapSymlink=error", "fsck", "--strict",
            "--no-dangling")
        var theirs: [String: String] = [:]
        for line in fsck.output.split(separator: "\n") where line.hasPrefix("error in tree ") {
            let words = line.split(separator: " ")
            let id = String(words[3].dropLast())
            // The first: a name may be taken for more than one file.
            if theirs[id] == nil { theirs[id] = String(words[4].dropLast()) }
        }
        #expect(ours == theirs)
        #expect(Set(ours.values) == ["gitattributesSymlink", "mailmapSymlink", "gitmodulesSymlink"])
    }

    /// git looks behind a backslash only for `.gitmodules`.
    @Test(arguments: [("a\\.gitattributes", "gitattributesSymlink"), ("a\\mailma~1", "mailmapSymlink")])
    func partsOfWindowsPathsAreNamesToo(name: String, rule: String) {
        PackBuilder.tree([("120000", name, Self.somewhere)]).withUnsafeBytes { bytes in
            #expect(Self.brokenRule(bytes) == rule)
        }
    }

    private static let somewhere = ObjectID("1234567890123456789012345678901234567890") ?? .zero

    private static func brokenRule(_ tree: UnsafeRawBufferPointer) -> String? {
        do throws(GitError) { try TreeRules.check(tree, id: somewhere) { (_) throws(GitError) in } } catch {
            let parts = error.message.split(separator: ": ")
            return parts.count > 1 ? String(parts[1]) : error.message
        }
        return nil
    }
}
