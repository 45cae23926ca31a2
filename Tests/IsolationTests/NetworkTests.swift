import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension Isolation {
    /// Whom a process inside reaches. From the host every one of these answers (`Stage`).
    @Suite struct Network {
        /// The last one: there is no address of that kind inside.
        private static let refused: Set = [
            "ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "EADDRNOTAVAIL",
        ]

        /// The same probe at the same kinds of places.
        @Test(arguments: Place.allCases, ["internet", "udp-internet", "database"])
        func `the internet and the database's port of the host are reached`(place: Place, target: String) throws {
            #expect(try Stage.get().findings(place)["connect-\(target)"] == "open")
        }

        @Test(
            arguments: Place.allCases,
            [
                "neighbour", "loopback", "gateway", "router", "private10", "private172", "private192", "shared",
                "metadata4", "metadata6", "mail", "udp-loopback", "udp-gateway", "udp-private10", "udp-private172",
                "udp-private192", "udp-shared", "udp-metadata4", "udp-metadata6",
            ])
        func `attack 12: not reached`(place: Place, target: String) throws {
            let answer = try Stage.get().findings(place)["connect-\(target)"]
            #expect(Self.refused.contains(answer), "\(answer)")
        }

        @Test(arguments: Place.allCases)
        func `attack 12: no address of the host is reached but the gateway's`(place: Place) throws {
            let stage = try Stage.get()
            let seen = try stage.findings(place)
            // The host's end of the link to what plays the internet is always there.
            #expect(stage.targets.hostNames.count >= 2)
            for name in stage.targets.hostNames {
                let answer = try seen["connect-\(name)"]
                #expect(Self.refused.contains(answer), "\(name): \(answer)")
            }
        }

        /// An app has no socket to ping by (`calls.pl`); here it is root that does, in the app's network.
        @Test func `attack 12: of all that answer a ping only the internet answers one from inside`() throws {
            let stage = try Stage.get()
            #expect(stage.pings.host == Set(stage.targets.pinged))
            #expect(stage.pings.host.count >= 9)
            #expect(stage.pings.instance == [Stage.outsideAddresses[0]])
        }

        @Test(arguments: Place.allCases)
        func `one interface, and no socket without a path that others share`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["interfaces"] == "eth0 lo")
            #expect(try seen["abstract-sockets"] == "0")
        }

        @Test(arguments: Place.allCases)
        func `attack 12: of Postgres only the channel's own database is reached`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["database-own"] == "1")
            #expect(try seen["database-superuser"] == "0")
            #expect(try seen["database-others"] == "0")
        }

        @Test func `the firewall comes back by itself after the host's rules were flushed`() async throws {
            let stage = try Stage.get()
            let node = (try stage.berthd.runtimeFolder() as NSString).lastPathComponent
            let table = ["nft", "list", "table", "inet", "berth_\(node)"]
            let before = try await run(table)
            #expect(before.status == 0 && before.output.contains("masquerade"))
            // What `nft flush ruleset` does to this server's rules; those of other servers on this machine stay.
            #expect(try await run(["nft", "delete", "table", "inet", "berth_\(node)"]).status == 0)
            try await eventually("the rules are back") { try await run(table).output == before.output }
            #expect(stage.berthd.log.contains("firewall changed from outside"))
        }
    }
}
