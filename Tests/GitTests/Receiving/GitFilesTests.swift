import Testing

@testable import Git

/// What `.gitmodules` and `.gitattributes` may say, and what git says of the same files.
@Suite struct GitFilesTests {
    private static func pack(_ content: [UInt8], as name: String, mode: String = "100644") throws -> (
        [UInt8], ObjectID
    ) {
        var builder = PackBuilder()
        let tree: [UInt8]
        let id = try PackBuilder.name(.blob, content)
        tree = PackBuilder.tree([(mode, name, id)])
        // Once the tree comes first, as clients send it.
        try builder.add(.tree, tree)
        try builder.add(.blob, content)
        return (builder.pack(), id)
    }

    private static func submodule(_ name: String, _ line: String) -> String { "[submodule \"\(name)\"]\n\t\(line)\n" }

    @Test(arguments: [
        "", "[core]\n\turl = -x\n", submodule("a", "url = https://example.com/a.git"), submodule("a/b", "url = ../b"),
        submodule("a..b", "path = a/b"), submodule("a", "url = ./x"), submodule("a", "url = git@example.com:a/b"),
        submodule("a", "update = rebase"), submodule("a", "url = ssh://example.com/x%0ay"),
        submodule("a", "url = ../../x"), submodule("a", "url"), "[submodule]\n\tpath = -x\n",
        submodule("a", "url = http://u:p@example.com:80/%20"), "[submodule \"a\n\tpath = -x\n",
        submodule("..", ""), submodule("a", "path = \"x"), submodule("a", "url = x ; -y"),
        "[submodule \"a\"] bad! = -x",
    ])
    func soundModulesAreTaken(text: String) async throws {
        let fixture = try await ReceivingFixture()
        let (pack, id) = try Self.pack(Array(text.utf8), as: ".gitmodules")
        try await FsckRulesTests.expect(nil, isGits: true, pack, naming: id, fixture)
    }

    @Test(arguments: [
        (FsckRule.gitmodulesName, submodule("..", "path = x"), true),
        (.gitmodulesName, submodule("../../.git/modules/x", "path = x"), true),
        (.gitmodulesName, submodule("a/../b", "path = x"), true), (.gitmodulesName, submodule("a\\\\..", "x"), true),
        (.gitmodulesName, submodule("", "path = x"), true),
        (.gitmodulesName, "[submodule...]\n\tpath = x\n", true),
        (.gitmodulesUrl, submodule("a", "url = -oProxyCommand=x"), true),
        (.gitmodulesUrl, submodule("a", "URL = \"-u\""), true), (.gitmodulesUrl, submodule("a", "url = ../\\n"), true),
        (.gitmodulesUrl, submodule("a", "url = ./x%0ahost=y"), true),
        (.gitmodulesUrl, submodule("a", "url = git://x/%0a"), true),
        (.gitmodulesUrl, submodule("a", "url = https://example.com/%0a"), true),
        (.gitmodulesUrl, submodule("a", "url = https://u%0a@example.com/x"), true),
        (.gitmodulesUrl, submodule("a", "url = https:///x"), true),
        (.gitmodulesUrl, submodule("a", "url = https::x"), true),
        (.gitmodulesUrl, submodule("a", "url = http::https://x%0a.y/"), true),
        (.gitmodulesUrl, submodule("a", "url = ../../:x"), true), (.gitmodulesUrl, submodule("a", "url = ..//x"), true),
        (.gitmodulesUrl, submodule("a", "url = .././../:x"), true),
        (.gitmodulesUrl, submodule("a", "url = ext::sh -c x"), false),
        (.gitmodulesUrl, submodule("a", "url = fd::0"), false), (.gitmodulesPath, submodule("a", "path = -x"), true),
        (.gitmodulesPath, "[SubModule \"a\"]path=\"-\"x", true),
        // Git skips such a mark in a file, but not here.
        (.gitmodulesPath, "\u{feff}[submodule \"a\"]path=-x", false),
        (.gitmodulesPath, submodule("a", "path = \\\n-x"), true),
        (.gitmodulesPath, "# x\r\n[submodule \"a\"]\r\n path = -x\r\n", true),
        (.gitmodulesUpdate, submodule("a", "update = !rm"), true),
    ])
    func attack8HostileModulesAreRefused(rule: FsckRule, text: String, isGits: Bool) async throws {
        let fixture = try await ReceivingFixture()
        for name in [".gitmodules", ".GitModules", "gitmod~1"] {
            let (pack, id) = try Self.pack(Array(text.utf8), as: name)
            try await FsckRulesTests.expect(rule, isGits: isGits, pack, naming: id, fixture)
        }
        // Under another name nobody reads it.
        try await fixture.expectAccepted(Self.pack(Array(text.utf8), as: "gitmodules").0)
    }

    @Test func aFileThatWasThereBeforeIsReadWhenItIsNamedSo() async throws {
        let fixture = try await ReceivingFixture()
        let content = Array(Self.submodule("a", "path = -x").utf8)
        var builder = PackBuilder()
        let blob = try builder.add(.blob, content)
        try builder.add(.tree, PackBuilder.tree([("100644", "harmless", blob)]))
        try await fixture.expectAccepted(builder.pack())
        builder = PackBuilder()
        try builder.add(.tree, PackBuilder.tree([("100644", ".gitmodules", blob)]))
        try await fixture.expectRefused(builder.pack(), because: "blob \(blob): gitmodulesPath")
    }

    @Test func modulesThatAreADeltaAreRead() async throws {
        let fixture = try await ReceivingFixture()
        let base = Array(Self.submodule("a", "path = x").utf8)
        let content = Array(Self.submodule("a", "path = -x").utf8)
        var builder = PackBuilder()
        try builder.add(.blob, base)
        try builder.add(
            PackBuilder.delta(base: base.count, [.copy(0, base.count - 2), .insert(Array("-x\n".utf8))]), onEntry: 0)
        let blob = try PackBuilder.name(.blob, content)
        try builder.add(.tree, PackBuilder.tree([("100644", ".gitmodules", blob)]))
        try await fixture.expectRefused(builder.pack(), because: "blob \(blob): gitmodulesPath")
    }

    @Test func modulesThatAreNoFileOrTooLargeAreRefused() async throws {
        let fixture = try await ReceivingFixture()
        let empty = try PackBuilder.name(.tree, [])
        for mode in ["40000", "160000"] {
            var builder = PackBuilder()
            try builder.add(.tree, [] as [UInt8])
            try builder.add(.tree, PackBuilder.tree([(mode, ".gitmodules", empty)]))
            try await fixture.expectRefused(builder.pack(), because: "gitmodulesBlob")
        }
        let large = [UInt8](repeating: UInt8(ascii: "\n"), count: ModulesRules.sizeLimit + 1)
        try await fixture.expectRefused(Self.pack(large, as: ".gitmodules").0, because: "gitmodulesLarge")
        try await fixture.expectAccepted(Self.pack(large, as: "x").0)
    }

    @Test func attributesHaveALimitOnTheirLines() async throws {
        let fixture = try await ReceivingFixture()
        func lines(_ count: Int) -> [UInt8] { Array("* text\n\(String(repeating: "x", count: count))\n".utf8) }
        var (pack, id) = try Self.pack(lines(2047), as: ".gitattributes")
        try await FsckRulesTests.expect(nil, isGits: true, pack, naming: id, fixture)
        (pack, id) = try Self.pack(lines(2048), as: ".gitattributes")
        try await FsckRulesTests.expect(.gitattributesLineLength, isGits: true, pack, naming: id, fixture)
        (pack, id) = try Self.pack(lines(3000), as: "x")
        try await FsckRulesTests.expect(nil, isGits: true, pack, naming: id, fixture)
    }

    @Test func theConfigurationFormatIsGits() {
        func read(_ text: String) -> [String] {
            Array(text.utf8).withUnsafeBytes { bytes in
                var reader = ConfigReader(bytes)
                var variables: [String] = []
                while let variable = reader.next() {
                    func show(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
                    let parts = [variable.section, variable.subsection, variable.key, variable.value]
                    variables.append(parts.map(show).joined(separator: "|"))
                }
                return variables
            }
        }
        #expect(read("[A \"b\"]\nC = d # e\nf\n") == ["a|b|c|d", "a|b|f|-"])
        #expect(read("[a \"b\\\"\\\\\"] c = \"d # e\" ; f\n") == ["a|b\"\\|c|d # e"])
        #expect(read("[a.B] c=d  e  \n[x]y=\\t\\\n z") == ["a|b|c|d  e", "x|-|y|\t z"])
        #expect(read("[a.b \"C\"]d=e") == ["a|b.C|d|e"])
        #expect(read("[a]b=c\n[d\n]e=f") == ["a|-|b|c"])
        #expect(read("[a]b=\"c\n").isEmpty)
        #expect(read("[a]b=\\x\n").isEmpty)
        #expect(read("[a]1=2\n").isEmpty)
    }
}
