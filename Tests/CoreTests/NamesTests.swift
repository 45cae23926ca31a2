import Core
import Foundation
import Testing

@Suite("Names")
struct NamesTests {
    @Test("that are DNS labels", arguments: ["a", "0", "my-site", "a--b", String(repeating: "x", count: 40)])
    func valid(name: String) { #expect(DNSLabel.isValid(name)) }

    @Test(
        "that are not",
        arguments: [
            "", "-a", "a-", "A", "a_b", "a.b", "a b", "a\n", "\na", "ä", "a\0", "а", "a;rm", "$(id)", "`id`", "../x",
            "--upload-pack=x", String(repeating: "x", count: 41), "a\u{0301}",
        ])
    func invalid(name: String) { #expect(!DNSLabel.isValid(name)) }

    @Test(
        "that are not say which character is wrong, or how long they are",
        arguments: [
            ("", "it is empty"), ("My", "character 1 is \"M\""), ("ab_c", "character 3 is \"_\""),
            ("a b", "character 2 is a space"), ("a\n", "character 2 is U+000A"),
            ("\u{fc}ber", "character 1 is \"\u{fc}\" (U+00FC)"), ("a\u{301}", "character 2 is U+0301"),
            ("a\u{202e}b", "character 2 is U+202E"), ("-a", "it starts with a hyphen"),
            ("a-", "it ends with a hyphen"), (String(repeating: "x", count: 41), "it has 41 characters"),
        ])
    func faults(name: String, fault: String) {
        let error = #expect(throws: PlatformError.self) { try ChannelName(name) }
        #expect(error?.message.hasPrefix("name must be 1 to 40 lowercase letters, digits and hyphens") == true)
        #expect(error?.message.hasSuffix(": \(fault)") == true, "\(error?.message ?? "")")
    }

    @Test("of variables that are refused say why")
    func variableFaults() {
        for (key, fault) in [
            ("", "it is empty"), ("1A", "it starts with a digit"), ("A-B", "character 2 is \"-\""),
            ("a", "character 1 is \"a\""), (String(repeating: "A", count: 256), "it has 256 characters"),
        ] {
            let error = #expect(throws: PlatformError.self) { try EnvironmentKey(key) }
            #expect(error?.message.hasSuffix(": \(fault)") == true, "\(error?.message ?? "")")
        }
    }

    @Test("that are quoted are cut, and what cannot be seen is written out")
    func quoted() {
        #expect(NameFault.quoted("a\n\u{1b}[1m") == #""a\n\u{1B}[1m""#)
        #expect(NameFault.quoted(String(repeating: "x", count: 100)).hasSuffix("x\" and 40 characters more"))
    }

    @Test("of branches are told apart byte by byte, as git does")
    func exactBranches() throws {
        let composed = try #require(BranchName("caf\u{e9}"))
        let decomposed = try #require(BranchName("cafe\u{301}"))
        // For Swift these texts are the same.
        #expect(composed.rawValue == decomposed.rawValue)
        #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
        let kelvin = try #require(BranchName("\u{212a}"))
        #expect(kelvin != BranchName("K"))
        #expect(try !GitRefBinding("branch:cafe\u{301}").accepts(composed))
        #expect(try GitRefBinding("branch:cafe\u{301}").accepts(decomposed))
        // A mark on the slash is part of the name, not of the prefix.
        let marked = try #require(BranchName(ref: "refs/heads/\u{301}x"))
        #expect(Array(marked.rawValue.utf8) == Array("\u{301}x".utf8))
        #expect(Array(marked.ref.utf8) == Array("refs/heads/\u{301}x".utf8))
        #expect(try GitRefBinding("branch:\u{301}x") == .branch(marked))
    }

    @Test("of apps stay off the reserved prefixes")
    func reserved() throws {
        for prefix in AppName.reservedPrefixes {
            #expect(throws: PlatformError.self) { try AppName(prefix) }
            #expect(throws: PlatformError.self) { try AppName("\(prefix)-x") }
            _ = try AppName("\(prefix)x")
        }
    }

    @Test("make a site label that fits DNS")
    func labels() throws {
        let app = try AppName(String(repeating: "a", count: 40))
        let user = try UserName(String(repeating: "b", count: 22))
        let prod = try ChannelName("prod")
        #expect(try SiteLabel(channel: prod, app: app, user: user).rawValue.utf8.count == 63)
        #expect(throws: PlatformError.self) {
            try SiteLabel(channel: prod, app: app, user: UserName(String(repeating: "b", count: 23)))
        }
        let staging = try ChannelName("qa")
        #expect(
            try SiteLabel(channel: staging, app: AppName("site"), user: UserName("bob")).rawValue == "qa-site-bob")
    }

    @Test(
        "of branches follow git's rules",
        arguments: [
            ("main", true), ("feature/x", true), ("a.b", true), ("ä", true), ("HEAD", false), ("@", false),
            ("-x", false), ("a..b", false), ("a.", false), ("/a", false), ("a/", false), ("a//b", false),
            (".a", false), ("a/.b", false), ("a.lock", false), ("a.lock/b", false), ("a b", false), ("a~1", false),
            ("a^", false), ("a:b", false), ("a?", false), ("a*", false), ("a[", false), ("a\\b", false),
            ("a@{b", false), ("a\u{7f}", false), ("a\n", false), ("", false),
        ])
    func branches(name: String, isValid: Bool) { #expect((BranchName(name) != nil) == isValid) }

    @Test("of variables")
    func variables() throws {
        for name in ["A", "_", "A1_B", "PORT"] { _ = try EnvironmentKey(name) }
        for name in ["", "1A", "a", "A-B", "A B", "A=B", "A\n", "A\0", "DATABASE_URL", "XHOST_SHA", "Ä"] {
            #expect(throws: PlatformError.self, "\(name.debugDescription)") { try EnvironmentKey(name) }
        }
        try EnvironmentValue.check("two\nlines ☃")
        #expect(throws: PlatformError.self) { try EnvironmentValue.check("a\0b") }
        #expect(throws: PlatformError.self) {
            try EnvironmentValue.check(String(repeating: "x", count: EnvironmentValue.maximumBytes + 1))
        }
    }

    @Test("of commits are forty hex digits")
    func commits() {
        #expect(CommitID("ABCDEF" + String(repeating: "0", count: 34))?.rawValue.hasPrefix("abcdef") == true)
        for text in ["", "abc", String(repeating: "g", count: 40), String(repeating: "0", count: 41)] {
            #expect(CommitID(text) == nil)
        }
    }
}

@Suite("Values")
struct ValueTests {
    @Test(
        "times are written in UTC to the second",
        arguments: [
            (0.0, "1970-01-01T00:00:00Z"), (1_776_853_860.9, "2026-04-22T10:31:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ])
    func timestamps(seconds: Double, text: String) {
        #expect(Timestamp.string(from: Date(timeIntervalSince1970: seconds)) == text)
    }

    @Test("ids are read in one form only")
    func ids() {
        let id = ID<App>()
        #expect(id.description == id.uuid.uuidString.lowercased())
        #expect(id.hex == id.description.replacingOccurrences(of: "-", with: ""))
        #expect(ID<App>(id.description) == id)
        #expect(ID<App>(id.description.uppercased()) == id)
        #expect(ID<App>(id.hex) == nil)
        #expect(ID<App>("{\(id)}") == nil)
        #expect(ID<App>("00112233-4455-6677-8899-aAbBcCdDeEfF")?.hex == "00112233445566778899aabbccddeeff")
        for text in [
            "00112233+4455-6677-8899-aabbccddeeff", "0011223-34455-6677-8899-aabbccddeeff",
            "0011223g-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddee\u{e9}",
            "00112233-4455-6677-8899-aabbccddeef ", "0x112233-4455-6677-8899-aabbccddeeff", "",
        ] {
            #expect(ID<App>(text) == nil, "\(text)")
        }
        #expect(ID<App>("") == nil)
    }

    @Test("lines are split, cut and made UTF-8 as they come")
    func lines() {
        var splitter = LineSplitter(limit: 5)
        #expect(splitter.append(Array("ab".utf8)) == [])
        #expect(splitter.append(Array("c\r\nlonger than five\n\n".utf8)) == ["abc", "longe … (line cut)", ""])
        #expect(splitter.append([0xff, 0x41]) == [])
        #expect(splitter.end() == ["\u{fffd}A"])
        #expect(splitter.end() == [])
    }

    @Test("bindings accept what they say")
    func bindings() throws {
        let main = try #require(BranchName("main"))
        #expect(try GitRefBinding("branch:main").accepts(main))
        #expect(try !GitRefBinding("branch:Main").accepts(main))
        #expect(try GitRefBinding("branch:*").accepts(main))
        for text in ["", "main", "branch:", "branch:a b", "branch:**", "branch:-x", "tag:v1", "Branch:main"] {
            #expect(throws: PlatformError.self, "\(text)") { try GitRefBinding(text) }
        }
    }
}
