import Core
import Testing

@testable import Router

@Suite struct ConnectionCounterTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("2001:db8::1", "192.0.2.1", false),
    ])
    func oneSubscriberIsOneClient(_ first: String, _ second: String, _ isSame: Bool) {
        #expect((ConnectionCounter.key(first) == ConnectionCounter.key(second)) == isSame)
    }

    @Test func countsUpToItsLimitAndForgets() {
        let counter = ConnectionCounter()
        #expect(counter.begin("a", limit: 2))
        #expect(counter.begin("a", limit: 2))
        #expect(!counter.begin("a", limit: 2))
        #expect(counter.begin("b", limit: 2))
        counter.end("a")
        #expect(counter.begin("a", limit: 2))
    }

    /// All connections come from the proxy; whom it names has the cap.
    @Test func attack27TheClientsOfAProxyAreCountedEachForItself() async throws {
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(
            ["app.localhost": site.target],
            configure: {
                $0.usesProxyProtocol = true
                $0.trustedProxies = [AddressBlock("127.0.0.0/8")].compactMap { $0 }
                $0.maximumConnectionsPerAddress = 2
            }
        ) { router async throws in
            let port = router.port
            let results = try await onThread {
                let kept = try [
                    "TCP4 192.0.2.7 198.51.100.1", "TCP4 192.0.2.7 198.51.100.1", "TCP4 192.0.2.7 198.51.100.1",
                    "TCP4 192.0.2.8 198.51.100.1", "TCP6 2001:db8::1 2001:db8::2", "TCP6 2001:db8::9 2001:db8::2",
                    "TCP6 2001:db8::5 2001:db8::2",
                ].map { line in
                    let connection = try RawConnection(port: port)
                    try connection.write("PROXY \(line) 5000 80\r\n")
                    return (connection, (try? connection.get().status) == 200)
                }
                return kept.map(\.1)
            }
            #expect(results == [true, true, false, true, true, true, false])
        }
    }
}
