import Testing

@testable import Builder

struct VersionRangeTests {
    @Test(
        arguments: [
            // Exact, and left-out parts.
            ("20.11.1", "20.11.1", true), ("20.11.1", "20.11.2", false), ("v20.11.1", "20.11.1", true),
            ("=20.11.1", "20.11.1", true), ("20", "20.99.9", true), ("20", "21.0.0", false), ("20.11", "20.11.7", true),
            ("20.11", "20.12.0", false), ("20.x", "20.5.0", true), ("20.x", "19.9.9", false),
            ("20.11.x", "20.11.9", true),
            ("*", "1.0.0", true), ("x", "1.0.0", true), ("", "1.0.0", true), ("20.*", "20.1.0", true),
            // Comparisons.
            (">=18", "18.0.0", true), (">=18", "17.9.9", false), (">= 18", "20.0.0", true),
            (">=18.17.1", "18.17.0", false),
            (">18", "18.9.9", false), (">18", "19.0.0", true), (">18.1.0", "18.1.1", true), ("<21", "20.99.0", true),
            ("<21", "21.0.0", false), ("<=20", "20.99.0", true), ("<=20", "21.0.0", false),
            ("<=20.1.0", "20.1.1", false),
            // Caret and tilde.
            ("^20.11.0", "20.11.0", true), ("^20.11.0", "20.99.0", true), ("^20.11.0", "20.10.9", false),
            ("^20.11.0", "21.0.0", false), ("^20", "20.1.1", true), ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.3", true), ("^0.0.3", "0.0.4", false), ("^0.0", "0.0.9", true), ("^0.0", "0.1.0", false),
            ("^0", "0.9.9", true), ("^0", "1.0.0", false), ("~20.11.2", "20.11.9", true),
            ("~20.11.2", "20.12.0", false),
            ("~20.11.2", "20.11.1", false), ("~20", "20.99.0", true), ("~20", "21.0.0", false),
            ("~> 20.1", "20.1.5", true),
            // And, or, from – to.
            (">=18 <21", "20.2.0", true), (">=18 <21", "21.0.0", false), (">=18 <21", "17.0.0", false),
            ("18 || 20", "20.2.0", true), ("18 || 20", "19.0.0", false), ("18||>=22", "22.0.0", true),
            ("^18.17.1 || ^20.3.0 || >=21", "20.2.9", false), ("^18.17.1 || ^20.3.0 || >=21", "20.3.0", true),
            ("18.1.0 - 20", "20.9.9", true), ("18.1.0 - 20", "21.0.0", false), ("18.1.0 - 20", "18.0.9", false),
            // Pre-releases count as their version.
            (">=20.0.0-0", "20.0.0", true), ("^20.1.0-rc.1", "20.5.0", true),
        ])
    func aRangeHoldsWhatNpmSaysThatItHolds(_ range: String, _ version: String, _ holds: Bool) throws {
        let version = try #require(Version.first(in: version))
        #expect(try #require(VersionRange(range)).contains(version) == holds)
    }

    @Test(
        arguments: [
            "lts/*", "latest", "node", "20.1.2.3", ">=", ">= >= 1", "20..1", "a.b", "20 || lts", "!20", "^>20",
            "99999999999999999999", "٢٠",
        ])
    func whatIsNoRangeIsNone(_ text: String) { #expect(VersionRange(text) == nil) }

    @Test(
        arguments: [
            ("v20.11.1\n", "20.11.1"), ("Python 3.11.2\n", "3.11.2"), ("11.4.0", "11.4.0"),
            ("ruby 3.1.2p20 (2022-04-12) [x86_64]", nil), ("", nil), ("none", nil), ("20", nil),
        ] as [(String, String?)])
    func theVersionIsFoundInWhatAProgramSays(_ output: String, _ version: String?) {
        #expect(Version.first(in: output)?.description == version)
    }
}
