import Testing

@testable import Router

/// PROXY protocol, versions 1 and 2.
@Suite struct ProxyHeaderTests {
    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    private func parse(_ bytes: [UInt8]) -> ProxyHeader { bytes.withUnsafeBytes { ProxyHeader.parse($0) } }
    private func parse(_ text: String) -> ProxyHeader { parse(Array(text.utf8)) }

    @Test func readsTheFirstVersion() {
        let line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
        #expect(parse(line + "GET /") == .complete(address: "192.0.2.1", length: line.utf8.count))
        let v6 = "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"
        #expect(parse(v6) == .complete(address: "2001:db8::1", length: v6.utf8.count))
        #expect(parse("PROXY UNKNOWN\r\n") == .complete(address: nil, length: 15))
        #expect(parse("PROXY UNKNOWN ff:: ff:: 1 2\r\nX") == .complete(address: nil, length: 29))
        for count in 0..<line.utf8.count { #expect(parse(Array(line.utf8.prefix(count))) == .needsMore) }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n", "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 66324 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 443\r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY TCP4 evil 198.51.100.2 1 2\r\n", "PROXY \r\n", "PROXX",
        "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n",
    ])
    func refusesWhatIsMalformed(_ text: String) { #expect(parse(text) == .refused) }

    @Test func refusesALineWithoutAnEnd() {
        #expect(parse("PROXY TCP4 " + String(repeating: "1", count: 200)) == .refused)
    }

    @Test func readsTheSecondVersion() {
        let v4 = Self.signature + [0x21, 0x11, 0, 12, 192, 0, 2, 9, 198, 51, 100, 2, 0, 1, 0, 2]
        #expect(parse(v4 + [0x47]) == .complete(address: "192.0.2.9", length: 28))
        let v6 =
            Self.signature + [0x21, 0x21, 0, 36] + [UInt8](repeating: 0, count: 15) + [1]
            + [UInt8](repeating: 0, count: 20)
        #expect(parse(v6) == .complete(address: "::1", length: 52))
        #expect(parse(Self.signature + [0x20, 0, 0, 0]) == .complete(address: nil, length: 16))
        // With extensions behind the addresses.
        let long = Self.signature + [0x21, 0x11, 0, 15, 192, 0, 2, 9, 198, 51, 100, 2, 0, 1, 0, 2, 4, 0, 0]
        #expect(parse(long) == .complete(address: "192.0.2.9", length: 31))
        for count in 0..<v4.count { #expect(parse(Array(v4.prefix(count))) == .needsMore) }
    }

    @Test(arguments: [
        [0x11, 0x11, 0, 12] as [UInt8], [0x22, 0x11, 0, 12], [0x21, 0x11, 0, 4, 1, 2, 3, 4], [0x21, 0x11, 0xff, 0xff],
        [0x21, 0x99, 0, 0],
    ])
    func refusesAMalformedBlock(_ rest: [UInt8]) { #expect(parse(Self.signature + rest) == .refused) }
}

@Suite struct AddressBlockTests {
    @Test func containsWhatIsInIt() throws {
        let block = try #require(AddressBlock("10.1.0.0/15"))
        #expect(block.contains("10.2.0.0") == false)
        #expect(block.contains("10.0.255.255"))
        #expect(block.contains("10.1.2.3"))
        #expect(block.contains("::ffff:10.1.2.3"))
        #expect(try #require(AddressBlock("192.0.2.7")).contains("192.0.2.7"))
        #expect(try #require(AddressBlock("2001:db8::/33")).contains("2001:db8:7fff::1"))
        #expect(try #require(AddressBlock("2001:db8::/33")).contains("2001:db8:8000::1") == false)
        #expect(AddressBlock("10.0.0.0/33") == nil)
        #expect(AddressBlock("host") == nil)
        #expect(AddressBlock("1.2.3.4/-1") == nil)
    }

    @Test(arguments: [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.31.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "2001:db8::1", "ff02::1", "198.18.0.1",
    ])
    func attack25And31AddressesInsideAreNotPublic(_ address: String) { #expect(!PublicAddresses.isPublic(address)) }

    @Test(arguments: ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
    func publicAddressesAre(_ address: String) { #expect(PublicAddresses.isPublic(address)) }

    @Test(arguments: ["localhost", "127.0.0.1", "0x7f000001", "2130706433", "[::1]", "127.1"])
    func attack31NamesThatLeadInsideAreNotResolved(_ host: String) {
        #expect(throws: (any Error).self) { try PublicAddresses.resolve(host, port: 443) }
    }
}
