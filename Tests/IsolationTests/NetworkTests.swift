import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension Isolation {
    /// Whom a process inside reaches. From the host every one of these answers.
    @Suite struct Network {
        private static let refused: Set = ["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EACCES"]

        @Test(arguments: Place.allCases)
        func `the internet is reached`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["connect-internet"] == "open")
        }

        @Test(
            arguments: Place.allCases,
            [
                "neighbour", "loopback", "gateway", "router", "ssh", "private10", "private172", "private192", "shared",
                "metadata4", "metadata6", "mail",
            ])
        func `attack 12: not reached`(place: Place, target: String) throws {
            let answer = try Stage.get().findings(place)["connect-\(target)"]
            #expect(Self.refused.contains(answer), "\(answer)")
        }

        @Test(arguments: Place.allCases)
        func `attack 12: no address of the host is reached but the gateway's`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            var number = 0
            while let answer = try? seen["connect-host\(number)"] {
                #expect(Self.refused.contains(answer), "\(number)")
                number += 1
            }
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
