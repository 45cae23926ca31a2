import Testing

@testable import Builder

struct GlobTests {
    @Test(
        arguments: [
            ("*.html", "index.html", true), ("*.html", "index.htm", false), ("*.html", ".html", true),
            (".*", ".git", true), (".*", "a.b", false), ("?.js", "é.js", false), ("?.js", "a.js", true),
            ("a*b*c", "aXbYbc", true), ("a*b*c", "aXbY", false), ("*", "a/b", false), ("public/", "public", false),
            ("", "", true), ("*", "", true), ("Index.html", "index.html", false), ("**", "ab", true),
            ("a?", "a", false), ("a?", "a/", false), ("*/x", "a/x", true),
        ])
    func aPatternMatchesWholeTexts(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test func anAnchoredPatternIsComparedWithThePath() {
        #expect(Glob("/install.sh").matches(name: "install.sh", path: "install.sh"))
        #expect(!Glob("/install.sh").matches(name: "install.sh", path: "public/install.sh"))
        #expect(Glob("install.sh").matches(name: "install.sh", path: "public/install.sh"))
    }

    @Test func inALineAStarStandsForSlashesToo() {
        #expect(Glob("*/*").matches("./a/b.whl", isPath: false) && Glob("-*").matches("-r a/b.txt", isPath: false))
        #expect(!Glob("*/*").matches("flask", isPath: false) && !Glob("-*").matches("a-b", isPath: false))
    }

    @Test func aHostilePatternEnds() {
        #expect(!Glob(String(repeating: "*a", count: 200)).matches(String(repeating: "a", count: 10_000) + "b"))
    }
}
