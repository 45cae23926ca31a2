import Core
import Foundation
import Testing

@testable import Runner

@Suite struct FirewallRulesTests {
    @Test func `loopback name servers are left out, at most three are taken`() {
        let text = """
            # comment
            nameserver 127.0.0.53
            nameserver\t10.0.0.2
            nameserver fe80::1
            search example.com
            nameserver 8.8.8.8
            nameserver 1.1.1.1
            nameserver 9.9.9.9
            """
        #expect(NameServers.reachable(in: text) == ["10.0.0.2", "8.8.8.8", "1.1.1.1"])
    }

    @Test func `an overlapping route is found, the default route and our own bridge are not`() throws {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            berth0\t0000D20A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
            tun0\t0007D20A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """
        #expect(RouteTable.conflict(with: .standard, bridge: "berth0", in: table) == "tun0")
        let other = try #require(IPv4Subnet("10.211.0.0/16"))
        #expect(RouteTable.conflict(with: other, bridge: "berth0", in: table) == nil)
    }

    @Test func `the plugin's answer gives the address and the host's end of the link`() throws {
        let answer = """
            {"cniVersion": "1.0.0", "interfaces": [{"name": "berth0", "mac": "02:be:0a:d2:00:01"},
             {"name": "vethf76a", "mac": "aa:bb"}, {"name": "eth0", "mac": "cc", "sandbox": "/run/berth/netns/n1"}],
             "ips": [{"interface": 2, "address": "10.210.0.7/16", "gateway": "10.210.0.1"}], "dns": {}}
            """
        let attachment = try CNIPlugin.attachment(in: Data(answer.utf8), bridge: "berth0")
        #expect(attachment == .init(address: "10.210.0.7", hostInterface: "vethf76a"))
        #expect(throws: PlatformError.self) { try CNIPlugin.attachment(in: Data("{}".utf8), bridge: "berth0") }
    }

    @Test func `a service that the operator names is let through before private ranges are closed`() throws {
        var rules = FirewallRules(
            node: "n", bridge: "berth0", subnet: .standard, reachablePorts: [], nameServers: [])
        #expect(!rules.script.contains("elements"))
        rules.services = [ReachableService(address: "10.9.8.7", port: 5432)]
        #expect(rules.script.contains("elements = { 10.9.8.7 . 5432 }"))
        let outward = try #require(rules.script.range(of: "chain outward"))
        let opened = try #require(
            rules.script.range(
                of: "ip daddr . tcp dport @services accept", range: outward.upperBound..<rules.script.endIndex))
        let closed = try #require(
            rules.script.range(of: "169.254.0.0/16", range: outward.upperBound..<rules.script.endIndex))
        #expect(opened.upperBound < closed.lowerBound)
        // The service may be on this host.
        #expect(
            rules.script.contains("ip saddr 10.210.0.0/16 ip daddr . tcp dport @services accept"))
    }

    @Test func `a policy is the internet, ranges, both, or nothing`() throws {
        #expect(try EgressPolicy("internet") == .internet)
        #expect(try EgressPolicy("none") == .closed)
        let listed = try EgressPolicy("10.20.0.0/16, 192.0.2.7:5432")
        #expect(!listed.isInternetOpen)
        #expect(listed.destinations.map { "\($0.range) \($0.port ?? 0)" } == ["10.20.0.0/16 0", "192.0.2.7/32 5432"])
        #expect(try EgressPolicy("internet,10.20.0.0/16:53").isInternetOpen)
        for mistake in ["", "open", "none,internet", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:1:2", "example.org:443"]
        {
            #expect(throws: PlatformError.self, "\(mistake)") { try EgressPolicy(mistake) }
        }
    }

    @Test func `builds and instances have a policy each, which opens neither metadata nor loopback`() throws {
        var rules = FirewallRules(
            node: "n", bridge: "berth0", subnet: .standard, reachablePorts: [], nameServers: [])
        #expect(!rules.tellsBuildsApart)
        rules.buildEgress = try EgressPolicy("10.20.0.0/16:443")
        rules.builds = ["10.210.0.9"]
        #expect(rules.tellsBuildsApart)
        let script = rules.script
        let build = try #require(chain("build_egress", of: script))
        #expect(build.contains("ip daddr 10.20.0.0/16 meta l4proto { tcp, udp } th dport 443 accept"))
        #expect(build.hasSuffix("reject with icmpx admin-prohibited"))
        let instance = try #require(chain("instance_egress", of: script))
        #expect(
            instance.contains("10.0.0.0/8") && instance.hasSuffix("accept") && instance.contains("tcp dport 25 reject"))
        let outward = try #require(chain("outward", of: script))
        let never = try #require(outward.range(of: "169.254.0.0/16"))
        let policies = try #require(outward.range(of: "ip saddr @builds goto build_egress"))
        #expect(never.upperBound < policies.lowerBound)
        #expect(script.contains("elements = { 10.210.0.9 }"))
    }

    @Test func `where only builds differ the table stays, and is told of them`() throws {
        var old = FirewallRules(
            node: "n", bridge: "berth0", subnet: .standard, reachablePorts: [], nameServers: [], buildEgress: .closed)
        old.builds = ["10.210.0.9", "10.210.0.8"]
        var new = old
        #expect(new.script(after: old) == "")
        new.builds = ["10.210.0.9", "10.210.0.11", "10.210.0.10"]
        #expect(
            new.script(after: old) == """
                delete element inet berth_n builds { 10.210.0.8 }
                add element inet berth_n builds { 10.210.0.10, 10.210.0.11 }

                """)
        new.reachablePorts = [5432]
        #expect(new.script(after: old) == new.script)
    }

    @Test func `how many connections are begun is counted in a table of its own, which goes with the other one`() throws
    {
        var rules = FirewallRules(
            node: "n", bridge: "berth0", subnet: .standard, reachablePorts: [], nameServers: [])
        #expect(!rules.script.contains("table inet berth_n_new {") && !rules.script.contains("limit rate"))
        rules.newConnections = 7
        let script = rules.script
        let (main, counters) = (
            try #require(script.range(of: "table inet berth_n {")),
            try #require(script.range(of: "table inet berth_n_new {"))
        )
        // What the kernel counts would change what is compared.
        #expect(main.upperBound < counters.lowerBound)
        #expect(!script[main.upperBound..<counters.lowerBound].contains("limit rate"))
        let rule = "ip saddr limit rate over 7/second burst 140 packets } drop"
        #expect(script[counters.upperBound...].components(separatedBy: rule).count == 3)
        for table in ["inet berth_n", "inet berth_n_new"] {
            #expect(rules.removal.contains("delete table \(table)\n") && script.hasPrefix(rules.removal))
        }
    }

    /// The rules of a chain.
    private func chain(_ name: String, of script: String) -> String? {
        guard let start = script.range(of: "chain \(name) {"),
            let end = script.range(of: "}\n", range: start.upperBound..<script.endIndex)
        else { return nil }
        return script[start.upperBound..<end.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
