import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct ContainerNetworkTests {
        private static let serve = "require('http').createServer((q, r) => r.end('up')).listen(process.env.PORT)"

        /// Fetches from the address and port that it is asked for.
        private static let relay = """
            require('http').createServer((q, r) => {
                const [, host, port] = q.url.split('/');
                if (!host) return r.end('up');
                require('http').get({ host, port, timeout: 1500 }, (answer) => answer.pipe(r))
                    .on('error', (error) => r.end(error.code));
            }).listen(process.env.PORT)
            """

        /// Tries a TCP connection from inside; prints `open` or the error's code.
        private static func reach(_ host: String, _ port: Int) -> String {
            """
            node -e 'const s = require("net").connect({host: "\(host)", port: \(port), timeout: 1500});
            s.on("connect", () => { console.log("open"); s.destroy() });
            s.on("error", e => { console.log(e.code); }); s.on("timeout", () => { console.log("ETIMEDOUT"); s.destroy() })'
            """
        }

        /// Sends datagrams from where it runs; prints `answer` or `silence`.
        private static func ask(_ host: String, _ port: Int) -> String {
            """
            node -e 'const s = require("dgram").createSocket("udp4"), end = (word) => { console.log(word); process.exit() };
            const send = () => s.send("?", \(port), "\(host)", () => {});
            s.on("message", () => end("answer")); setTimeout(() => end("silence"), 1500); setInterval(send, 300); send()'
            """
        }

        @Test func `attack 12: an instance does not reach another one, the host does`() async throws {
            try await withRunner { fixture in
                let endpoint = try await fixture.startNode(Self.serve)
                let result = try await fixture.run(Self.reach(endpoint.host, endpoint.port))
                #expect(["EHOSTUNREACH\n", "ETIMEDOUT\n"].contains(result.output))
                #expect(await get(endpoint.host, endpoint.port) == "up")
            }
        }

        @Test func `attack 12: of the host only the allowed ports of the gateway are reached`() async throws {
            try await withRunner { fixture in
                let gateway = fixture.network.gateway
                let allowed = try ListeningPort(), closed = try ListeningPort()
                try await fixture.network.allow(port: allowed.port)
                #expect(try await fixture.output(Self.reach(gateway, Int(allowed.port))) == "open\n")
                #expect(try await fixture.output(Self.reach(gateway, Int(closed.port))) == "ECONNREFUSED\n")
                for address in hostAddresses() where address != gateway {
                    let result = try await fixture.run(Self.reach(address, Int(allowed.port)))
                    #expect(result.output == "ECONNREFUSED\n", "\(address)")
                }
            }
        }

        @Test func `attack 12: loopback inside is not the host's`() async throws {
            try await withRunner { fixture in
                let port = try ListeningPort()
                #expect(try await fixture.output(Self.reach("127.0.0.1", Int(port.port))) == "ECONNREFUSED\n")
            }
        }

        /// A namespace beside plays the world outside. It has a public address (a documentation range, RFC 5737), a
        /// private one and the metadata service's; from the host itself all three answer.
        @Test func `attack 12: the internet is reached, private and metadata addresses are not`() async throws {
            try await withRunner { fixture in
                let addresses = ["203.0.113.9", "192.168.250.9", "169.254.169.254", "10.99.99.9"]
                try await withOutsideNetwork(addresses: addresses) { outside in
                    for address in outside.addresses {
                        #expect(await eventually { await get(address, outside.port, seconds: 1) != nil }, "\(address)")
                    }
                    let fetch = { (address: String) in
                        "curl -s -m 1 http://\(address):\(outside.port)/ || echo failed $?"
                    }
                    let seen = try await fixture.run(fetch("203.0.113.9"))
                    // The source that it saw is the host's: the containers' addresses are masqueraded.
                    #expect(seen.output == OutsideNetwork.hostAddress)
                    for address in outside.addresses.dropFirst() {
                        let result = try await fixture.run(fetch(address))
                        #expect(result.output == "failed 28\n", "\(address)")
                    }
                }
            }
        }

        @Test func `attack 12: nothing is reached over IPv6`() async throws {
            try await withRunner { fixture in
                let result = try await fixture.run("grep -v ' lo$' /proc/net/if_inet6 | grep -v '^fe80'")
                #expect(result.output == "")
                let metadata = try await fixture.run(Self.reach("fd00:ec2::254", 80))
                #expect(metadata.output == "ENETUNREACH\n")
            }
        }

        @Test func `builds and instances are let out by a policy each, which comes back after a flush`() async throws {
            try await withRunner(configure: { $0.buildEgress = try EgressPolicy("203.0.113.9:8098") }) { fixture in
                try await withOutsideNetwork(addresses: ["203.0.113.9", "10.99.99.9"], ports: [8098, 8099]) { outside in
                    for port in outside.ports {
                        #expect(await eventually { await get("203.0.113.9", port, seconds: 1) != nil })
                    }
                    let endpoint = try await fixture.startNode(Self.relay)
                    func expectPolicies() async throws {
                        // A build is let through to what is listed, and told at once of the rest.
                        #expect(try await fixture.output(Self.reach("203.0.113.9", 8098)) == "open\n")
                        for (address, port) in [("203.0.113.9", 8099), ("10.99.99.9", 8098)] {
                            let refused = try await fixture.output(Self.reach(address, port))
                            #expect(["EHOSTUNREACH\n", "EACCES\n"].contains(refused), "\(refused)")
                        }
                        let seen = await get(endpoint.host, endpoint.port, "/203.0.113.9/8099")
                        #expect(seen == OutsideNetwork.hostAddress)
                    }
                    try await expectPolicies()
                    let table = ["list", "table", "inet", "berth_\(fixture.configuration.node)"]
                    let nft = fixture.configuration.programs.nft
                    let commands = HostCommands(logger: RunnerFixture.logger)
                    _ = fixture.network.firewall.hasChanged()
                    try await commands.succeed(nft, ["delete"] + table.dropFirst())
                    #expect(fixture.network.firewall.hasChanged() == true)
                    await fixture.network.firewall.mend()
                    try await expectPolicies()
                    #expect(try await commands.run(nft, table).output.contains("set builds"))
                }
            }
        }

        @Test func `of a name server port 53 is reached under every policy, over UDP and TCP, and no other port`()
            async throws
        {
            // A private address, as many a resolver has.
            let server = "10.99.99.9"
            try await withRunner(configure: {
                $0.nameServers = [server]
                $0.buildEgress = .closed
            }) { fixture in
                try await withOutsideNetwork(addresses: ["203.0.113.9", server], ports: [53, 8099]) { outside in
                    let commands = HostCommands(logger: RunnerFixture.logger)
                    for port in outside.ports {
                        #expect(await eventually { await get(server, port, seconds: 1) != nil }, "\(port)")
                        let answer = try await commands.run("/bin/sh", ["-c", Self.ask(server, port)]).output
                        #expect(answer == "answer\n", "\(port)")
                    }
                    #expect(try await fixture.output("grep ^nameserver /etc/resolv.conf") == "nameserver \(server)\n")
                    #expect(try await fixture.output(Self.reach(server, 53)) == "open\n")
                    #expect(try await fixture.output(Self.ask(server, 53)) == "answer\n")
                    let refused = try await fixture.output(Self.reach(server, 8099))
                    #expect(["EHOSTUNREACH\n", "EACCES\n"].contains(refused), "\(refused)")
                    #expect(try await fixture.output(Self.ask(server, 8099)) == "silence\n")
                    // An instance's policy is the internet, without private ranges.
                    let endpoint = try await fixture.startNode(Self.relay)
                    #expect(await get(endpoint.host, endpoint.port, "/\(server)/53") == OutsideNetwork.hostAddress)
                    let closed = await get(endpoint.host, endpoint.port, "/\(server)/8099", seconds: 2)
                    #expect(closed != OutsideNetwork.hostAddress)
                }
            }
        }

        @Test func `a container begins so many connections at once and no more, however many it tries`() async throws {
            try await withRunner(configure: { $0.newConnections = 2 }) { fixture in
                try await withOutsideNetwork(addresses: ["203.0.113.9"]) { outside in
                    #expect(await eventually { await get("203.0.113.9", outside.port, seconds: 1) != nil })
                    // All at once; who is not let through hears nothing for two seconds.
                    let script = """
                        let open = 0;
                        for (let i = 0; i < 300; i++) {
                          const socket = require('net').connect({ host: '203.0.113.9', port: \(outside.port) });
                          socket.on('connect', () => open++).on('error', () => {});
                        }
                        setTimeout(() => { console.log(open); process.exit() }, 2000);
                        """
                    try fixture.write("connect.js", script)
                    let counts = try await [fixture.output("node connect.js"), fixture.output("node connect.js")]
                        .map { try #require(Int($0.trimmingCharacters(in: .whitespacesAndNewlines))) }
                    // Each is at an address of its own, and the second one is not held to account for the first.
                    for count in counts { #expect(count >= 40 && count < 100, "\(counts)") }
                    // The neighbour is not either, nor the host.
                    let endpoint = try await fixture.startNode(Self.relay)
                    let address = "/203.0.113.9/\(outside.port)"
                    #expect(await get(endpoint.host, endpoint.port, address) == OutsideNetwork.hostAddress)
                }
            }
        }

        @Test func `preparing twice and after a removal works`() async throws {
            try await withRunner { fixture in
                try await fixture.network.prepare()
                let endpoint = try await fixture.startNode(Self.serve)
                try await fixture.network.prepare()
                #expect(await get(endpoint.host, endpoint.port) == "up")
                await fixture.runner.stop(endpoint.id, grace: 0)
                await fixture.network.remove()
                try await fixture.network.prepare()
                #expect(try await fixture.exit("true") == .exited(0))
            }
        }

        @Test func `a subnet that the host uses elsewhere is refused`() async throws {
            try await withRunner { fixture in
                var configuration = fixture.configuration
                configuration.bridge = "btother"
                configuration.node = "other"
                let network = ContainerNetwork(configuration: configuration, logger: RunnerFixture.logger)
                let error = await #expect(throws: PlatformError.self) { try await network.prepare() }
                #expect(error?.code == .conflict)
                #expect(!HostFiles.exists("/sys/class/net/btother"))
            }
        }

        private func hostAddresses() -> [String] {
            var addresses: Set<String> = []
            for line in (HostFiles.text("/proc/net/fib_trie") ?? "").split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, words[0] == "|--" { addresses.insert(String(words[1])) }
            }
            return addresses.filter { address in
                let table = HostFiles.text("/proc/net/fib_trie") ?? ""
                return table.contains("|-- \(address)\n") && !address.hasPrefix("127.")
                    && table.range(of: "\\|-- \(address)\n\\s*/32 host LOCAL", options: .regularExpression) != nil
            }.sorted()
        }
    }
}
