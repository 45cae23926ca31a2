import Testing

@testable import Router

@Suite struct HostNameTests {
    private func name(_ text: String) throws -> HostName {
        try Array(text.utf8).withUnsafeBytes { bytes throws in try HostName(bytes) }
    }

    @Test(arguments: [
        ("app.localhost", "app.localhost"), ("APP.LocalHost", "app.localhost"), ("app.localhost:8080", "app.localhost"),
        ("app.localhost.", "app.localhost"), ("app.localhost.:80", "app.localhost"), ("a", "a"), ("a_b.c", "a_b.c"),
        ("app.localhost:", "app.localhost"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ])
    func foldsNames(_ text: String, _ folded: String) throws {
        let host = try name(text)
        #expect(host.name == folded)
        #expect(!host.isAddress)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.1:8080", "127.0.0.1"), ("[::1]", "[::1]"), ("[::1]:8080", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
    ])
    func knowsAddresses(_ text: String, _ folded: String) throws {
        let host = try name(text)
        #expect(host.name == folded)
        #expect(host.isAddress)
    }

    @Test(arguments: ["127.1", "999.1.1.1", "1.2.3.4.5"])
    func takesOtherNumbersForNames(_ text: String) throws { #expect(try !name(text).isAddress) }

    @Test(arguments: [
        "", ".", "..", "a..b", ".a", "a b", "a/b", "a@b", "user@a", "a:b", "a:99999", "a:1234567", "a:80:80", "%61",
        "é",
        "a\0", "[::1", "[]", "[::1]x", "[zz]", "[fe80::1%25eth0]", "[127.0.0.1]", "::1", "a,b", "a\\b",
        String(repeating: "a", count: 64), Array(repeating: "abcdefg", count: 40).joined(separator: "."),
    ])
    func refuses(_ text: String) { #expect(throws: HeadFault.malformedHost) { try name(text) } }

    @Test func comparesPortsWithoutTheDefaults() throws {
        #expect(try name("a:80") == name("A"))
        #expect(try name("a:443") == name("a."))
        #expect(try name("a:81") != name("a"))
    }
}
