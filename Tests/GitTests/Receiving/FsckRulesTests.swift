import Foundation
import TestSupport
import Testing

@testable import Git

/// Each rule of git-fsck, and what git itself says of the same pack (`git index-pack --strict`, which is what
/// `receive.fsckObjects` runs).
@Suite struct FsckRulesTests {
    /// An object that breaks a rule, or keeps to all of them when the rule is `nil`.
    struct Example: Sendable, CustomTestStringConvertible {
        let rule: FsckRule?
        let kind: ObjectKind
        let content: [UInt8]
        /// Whether git minds too.
        var isGits = true
        let testDescription: String

        init(_ rule: FsckRule?, _ kind: ObjectKind, _ content: [UInt8], isGits: Bool = true, name: String) {
            self.rule = rule
            self.kind = kind
            self.content = content
            self.isGits = isGits
            testDescription = "\(rule?.rawValue ?? "sound"): \(name)"
        }
    }

    private static let blobContent = Array("content\n".utf8)
    private static let blob = ObjectID("d95f3ad14dee633a758d2e331151e950dd13e4ed") ?? .zero
    private static let emptyTree = ObjectID("4b825dc642cb6eb9a060e54bf8d69288fbee4904") ?? .zero

    @Test func theNamesAreRight() throws {
        #expect(try PackBuilder.name(.blob, Self.blobContent) == Self.blob)
        #expect(try PackBuilder.name(.tree, []) == Self.emptyTree)
    }

    // MARK: Commits

    private static func commit(_ rule: FsckRule?, _ text: String, isGits: Bool = true) -> Example {
        Example(rule, .commit, Array(text.utf8), isGits: isGits, name: text.debugDescription)
    }

    private static let person = PackBuilder.person
    private static let tree = "tree \(emptyTree)\n"

    private static let commits: [Example] = [
        commit(nil, PackBuilder.commit(emptyTree)),
        commit(nil, "\(tree)author \(person)\ncommitter \(person)\n"),
        commit(nil, "\(tree)author \(person)\ncommitter \(person)\nencoding ISO-8859-1\ngpgsig x\n y\n\nmessage"),
        commit(nil, "\(tree)author \(person)\ncommitter \(person)\n\n"),
        commit(nil, "\(tree)author T <> 0 -0000\ncommitter T T <t> 1 +1400\n\nx"),
        commit(.missingTree, "author \(person)\ncommitter \(person)\n\nx"),
        commit(.missingTree, "\n\n"),
        commit(.badTreeSha1, "tree 1234\nauthor \(person)\ncommitter \(person)\n\nx"),
        commit(.badTreeSha1, "tree \(emptyTree)x\nauthor \(person)\ncommitter \(person)\n\nx"),
        commit(.badParentSha1, "\(tree)parent 12\nauthor \(person)\ncommitter \(person)\n\nx"),
        commit(.missingAuthor, "\(tree)committer \(person)\n\nx"),
        commit(.missingAuthor, "\(tree)\(tree)author \(person)\ncommitter \(person)\n\nx"),
        commit(.multipleAuthors, "\(tree)author \(person)\nauthor \(person)\ncommitter \(person)\n\nx"),
        commit(.missingCommitter, "\(tree)author \(person)\n\nx"),
        commit(.missingCommitter, "\(tree)author \(person)\nencoding x\ncommitter \(person)\n\nx"),
        commit(.nulInHeader, "\(tree)author \(person)\ncommitter T\0<t@x> 1 +0000\n\nx"),
        commit(.nulInCommit, "\(tree)author \(person)\ncommitter \(person)\n\nx\0y"),
        commit(.unterminatedHeader, "\(tree)author \(person)\ncommitter \(person)"),
        commit(.missingNameBeforeEmail, identity("<t@x> 1 +0000")),
        commit(.badName, identity("T> <t@x> 1 +0000")),
        commit(.missingEmail, identity("T 1 +0000")),
        commit(.missingSpaceBeforeEmail, identity("T<t@x> 1 +0000")),
        commit(.badEmail, identity("T <t@x 1 +0000")),
        commit(.badEmail, identity("T <t<@x> 1 +0000")),
        commit(.missingSpaceBeforeDate, identity("T <t@x>1 +0000")),
        commit(.zeroPaddedDate, identity("T <t@x> 01 +0000")),
        commit(.badDateOverflow, identity("T <t@x> 18446744073709551617 +0000")),
        commit(.badDateOverflow, identity("T <t@x> 9223372036854775808 +0000")),
        commit(.badDate, identity("T <t@x> x +0000")),
        commit(.badDate, identity("T <t@x> 1")),
        commit(.badTimezone, identity("T <t@x> 1 0000")),
        commit(.badTimezone, identity("T <t@x> 1 +000")),
        commit(.badTimezone, identity("T <t@x> 1 +00000")),
        commit(.badTimezone, identity("T <t@x> 1 +00x0")),
        // Git's reader of numbers takes a sign.
        commit(.badDate, identity("T <t@x> +1 +0000"), isGits: false),
    ]

    private static func identity(_ text: String) -> String { "\(tree)author \(person)\ncommitter \(text)\n\nx" }

    // MARK: Tags

    private static func tag(_ rule: FsckRule?, _ text: String, isGits: Bool = true) -> Example {
        Example(rule, .tag, Array(text.utf8), isGits: isGits, name: text.debugDescription)
    }

    private static let tags: [Example] = [
        tag(nil, "object \(blob)\ntype blob\ntag v1\ntagger \(person)\n\nmessage\n"),
        tag(nil, "object \(blob)\ntype blob\ntag v1\n\nolder than taggers\n"),
        tag(.missingObject, "type blob\ntag v1\ntagger \(person)\n\n"),
        tag(.badObjectSha1, "object 12\ntype blob\ntag v1\ntagger \(person)\n\n"),
        tag(.missingTypeEntry, "object \(blob)\ntag v1\ntagger \(person)\n\n"),
        tag(.badType, "object \(blob)\ntype blo\ntag v1\ntagger \(person)\n\n"),
        tag(.missingTagEntry, "object \(blob)\ntype blob\ntagger \(person)\n\n"),
        tag(.missingTag, "object \(blob)\ntype blob\ntag \n\n", isGits: false),
        tag(.badEmail, "object \(blob)\ntype blob\ntag v1\ntagger T <t 1 +0000\n\n"),
        tag(.badTimezone, "object \(blob)\ntype blob\ntag v1\ntagger T <t> 1 x\n\n"),
        tag(.nulInHeader, "object \(blob)\ntype blob\ntag v\0\ntagger \(person)\n\n"),
        tag(.unterminatedHeader, "object \(blob)\ntype blob\ntag v1"),
    ]

    // MARK: Trees

    private static func tree(
        _ rule: FsckRule?, _ entries: [(String, String)], isGits: Bool = true
    ) -> Example {
        let content = PackBuilder.tree(
            entries.map { (mode: $0.0, name: $0.1, id: $0.0.hasSuffix("40000") ? emptyTree : blob) })
        return Example(rule, .tree, content, isGits: isGits, name: "\(entries)")
    }

    private static let file = "100644"
    private static let folder = "40000"
    private static let link = "120000"

    private static let trees: [Example] =
        [
            tree(nil, []),
            tree(nil, [(file, "a"), ("100755", "b"), (link, "c"), (folder, "d"), ("160000", "e")]),
            tree(nil, [(file, "a-"), (file, "a.b"), (folder, "a"), (file, "a0")]),
            tree(nil, [(file, ".gitattributes"), (file, ".gitignore"), (file, ".gitmodules"), (file, ".mailmap")]),
            tree(nil, [(link, ".gitignore")]),
            tree(nil, [(file, "git~10"), (file, "git~2"), (file, "\u{200c}x")]),
            tree(nil, [(folder, ".gi"), (file, ".gitx")]),
            tree(nil, [(file, String(repeating: "n", count: 255))]),
            tree(.treeNotSorted, [(file, "b"), (file, "a")]),
            tree(.treeNotSorted, [(folder, "a"), (file, "a.b")]),
            tree(.duplicateEntries, [(file, "a"), (file, "a")]),
            tree(.duplicateEntries, [(file, "a"), (folder, "a")]),
            tree(.duplicateEntries, [(file, "a"), (file, "a.b"), (folder, "a")]),
            tree(.duplicateEntries, [(file, "a"), (file, "a-"), (file, "a."), (file, "a.b"), (folder, "a")]),
            tree(.duplicateEntries, [(folder, "a"), (folder, "a")]),
            tree(.emptyName, [(file, "")]),
            tree(.fullPathname, [(file, "a/b")]),
            tree(.hasDot, [(folder, ".")]),
            tree(.hasDotdot, [(folder, "..")]),
            tree(.zeroPaddedFilemode, [("040000", "a")]),
            tree(.badFilemode, [("100600", "a")], isGits: false),
            tree(.largePathname, [(file, String(repeating: "n", count: 256))], isGits: false),
            Example(.badTree, .tree, Array("100644 a\0short".utf8), name: "cut off"),
            Example(
                .badTree, .tree, Array("10x644 a\0".utf8) + [UInt8](repeating: 1, count: 20), name: "mode 10x644"),
            Example(
                .nullSha1, .tree, Array("100644 a\0".utf8) + [UInt8](repeating: 0, count: 20), name: "null"),
            Example(
                .hasDotgit, .tree, Array("100644 .git".utf8) + [0xff, 0] + [UInt8](repeating: 1, count: 20),
                name: "not UTF-8 after .git"),
        ]
        + [
            ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git . .", ".git::$INDEX_ALLOCATION",
            ".git:x", "git~1 ", "git~1:x", ".g\u{200c}it", ".gi\u{200d}T", "\u{feff}.git", ".git\u{202e}",
            ".\u{206a}git", "a\\.git", "a\\git~1\\b", ".git\\x", "\u{200f}.Git",
        ].map { tree(.hasDotgit, [(folder, $0)]) }
        + [
            ".gitmodules", ".GITMODULES", ".gitmodules ", ".gitmodules. ", ".gitmodules:x", "gitmod~1", "GITMOD~4",
            "gi7eba~1", "gi7eb~10", "g~100000", ".g\u{200c}itmodules", "a\\.gitmodules",
            "GI7EB~12", "~1000000",
        ].map { tree(.gitmodulesSymlink, [(link, $0)]) }
        // Git only notes these where it is not told otherwise; see `SpecialNamesTests`.
        + [".gitattributes", "GITATT~1"].map { tree(.gitattributesSymlink, [(link, $0)], isGits: false) }
        + [".mailmap", "MAILMA~1"].map { tree(.mailmapSymlink, [(link, $0)], isGits: false) }
        + ["gitmod~5", "gi7ebb~1", "gi7eba~0", ".gitmodules x", "gitmodules", "gi7eba~1x"].map {
            tree(nil, [(link, $0)])
        }

    @Test(arguments: commits + tags + trees)
    func attack6ObjectsAreJudgedAsGitDoes(example: Example) async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        try builder.add(.blob, Self.blobContent)
        if !(example.kind == .tree && example.content.isEmpty) { try builder.add(.tree, [] as [UInt8]) }
        let id = try builder.add(example.kind, example.content)
        try await Self.expect(example.rule, isGits: example.isGits, builder.pack(), naming: id, fixture)
    }

    /// Expects our verdict on a pack, and git's.
    static func expect(
        _ rule: FsckRule?, isGits: Bool, _ pack: [UInt8], naming id: ObjectID, _ fixture: ReceivingFixture
    ) async throws {
        let judged = try await gitsVerdict(pack, fixture)
        if let rule {
            try await fixture.expectRefused(pack, because: " \(id): \(rule.rawValue): ")
            guard isGits else { return #expect(judged.status == 0, "\(judged.output)") }
            #expect(judged.status != 0)
            // Git finds some of it when it reads the object, before it comes to its rules.
            let names = [rule.rawValue, "malformed", "too-short", "empty filename", "invalid commit", "invalid tag"]
            #expect(names.contains { judged.output.contains($0) }, "\(judged.output)")
        } else {
            #expect(judged.status == 0, "\(judged.output)")
            try await fixture.expectAccepted(pack)
        }
    }

    private static func gitsVerdict(_ pack: [UInt8], _ fixture: ReceivingFixture) async throws -> GitCommand.Outcome {
        let scratch = fixture.scratch.path("git-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let git = GitCommand(folder: scratch)
        try await git("init", "-q", "--bare")
        let path = "\(scratch)/pushed"
        try Data(pack).write(to: URL(fileURLWithPath: path))
        return try await git.start(["index-pack", "--stdin", "--strict"], input: path).outcome()
    }
}
