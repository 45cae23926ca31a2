import Testing

@testable import Git

@Suite struct TreeRulesTests {
    private static func fault(_ name: String) -> String? {
        Array(name.utf8).withUnsafeBytes { TreeRules.fault(name: $0) }
    }

    @Test(arguments: [
        ".git", ".Git", ".GIT", "git~1", "GIT~1", ".git ", ".git.", ".git . ", ".git:stream", ".git::$INDEX_ALLOCATION",
        "a\\.git", ".git\\x", "x\\git~1\\y", ".g\u{200c}it", "\u{feff}.git", ".gi\u{202e}t", "", ".", "..", "a/b", "/",
    ])
    func namesThatSomeFileSystemTakesForOthersAreFaults(name: String) {
        #expect(Self.fault(name) != nil)
    }

    @Test(arguments: [
        ".gitignore", ".gitmodules", ".github", "git", "git~2", "a.git", "...", ".. ", "g", "ein Übergang", "-rf",
        ".gitx",
        ".git-blame-ignore-revs", "digit",
    ])
    func otherNamesAreFine(name: String) {
        #expect(Self.fault(name) == nil)
    }

    @Test func bytesThatAreNoTreeAreRefused() {
        let id = [UInt8](repeating: 1, count: 20)
        let broken: [[UInt8]] = [
            Array("100644".utf8), Array("100644 a".utf8), Array("100644 a\0".utf8) + id.dropLast(),
            Array("100648 a\0".utf8) + id, Array(" a\0".utf8) + id, Array("100644 \0".utf8) + id,
            Array("77777777777 a\0".utf8) + id, Array("100644 a\0".utf8) + [UInt8](repeating: 0, count: 20),
        ]
        for bytes in broken {
            #expect(throws: GitError.self) {
                try bytes.withUnsafeBytes { try TreeRules.check($0, id: .zero) { _ in } }
            }
        }
    }

    @Test func textFromClientsIsMadeHarmless() {
        #expect(
            ShownText.of("a\u{1b}[2Jb\r\n\u{9b}c\u{202e}d\te") == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}\u{FFFD}c\u{FFFD}d\te")
        #expect(ShownText.of("abcdef", limit: 3) == "abc…")
    }

    @Test func objectNamesKeepTheirDigits() throws {
        let text = "0123456789abcdef0123456789abcdef01234567"
        let id = try #require(ObjectID(text))
        #expect(id.description == text)
        #expect(ObjectID(id.oid) == id)
        #expect(ObjectID(text.uppercased()) == id)
        for wrong in ["", "0", String(text.dropLast()), text + "0", String(text.dropLast()) + "g"] {
            #expect(ObjectID(wrong) == nil)
        }
    }
}
