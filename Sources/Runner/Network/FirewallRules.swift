/// The firewall of one server's containers, as a script for `nft -f` (nft(8)). One table that says who is reached, and one that
/// says how often, replaced in one transaction. The second one has what the kernel counts in it.
///
/// Containers may reach name servers, the listed TCP ports of the gateway, the listed services wherever they are, and what
/// the policy of their kind says, by default the internet without its mail servers; not the host's other ports, not one
/// another, not private, link-local or otherwise special ranges (RFC 6890). The host reaches containers, nobody else does.
struct FirewallRules: Sendable, Hashable {
    let node: String
    let bridge: String
    let subnet: IPv4Subnet
    var reachablePorts: Set<UInt16>
    /// Services that the operator has named, on this host or in a private network.
    var services: Set<ReachableService> = []
    let nameServers: [String]
    var instanceEgress = EgressPolicy.internet
    var buildEgress = EgressPolicy.internet
    /// Connections that each container may begin a second, for long; 0 for any number.
    var newConnections = 0
    /// Addresses of the builds that run; every other address is an instance's.
    var builds: Set<String> = []

    /// Seconds whose connections may be begun at once.
    private static let burst = 20

    /// Ranges that no setting opens: this host's own, link-local with the metadata services of clouds, multicast.
    static let neverReached = [
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    ]
    /// Ranges that are nobody's public address.
    static let closedRanges = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    ]

    var table: String { "inet berth_\(node)" }

    /// Whether it matters which addresses are builds'.
    var tellsBuildsApart: Bool { instanceEgress != buildEgress }

    /// What turns a table with the rules `old` into this one; empty where they are the same.
    func script(after old: FirewallRules) -> String {
        var others = old
        others.builds = builds
        guard others == self else { return script }
        return change("delete", old.builds.subtracting(builds)) + change("add", builds.subtracting(old.builds))
    }

    /// The table that counts.
    private var counters: String { "\(table)_new" }

    /// Removes the tables, whether or not they exist.
    var removal: String { [table, counters].map { "add table \($0)\ndelete table \($0)\n" }.joined() }

    /// Each connection takes a place in a table of the kernel's that all of the machine share, for two minutes at least. Only the
    /// first packet of one is counted, and whoever has begun too many is not answered. Before the other table: what that refuses
    /// counts too.
    private var rates: String {
        guard newConnections > 0 else { return "" }
        let first = "iifname \"\(bridge)\" ct state new ct status & confirmed == 0"
        let limit =
            "update @senders { ip saddr limit rate over \(newConnections)/second burst "
            + "\(newConnections * Self.burst) packets } drop"
        return """
            table \(counters) {
                set senders {
                    type ipv4_addr
                    size 65535
                    flags dynamic,timeout
                    timeout 1m
                }
                chain input {
                    type filter hook input priority filter - 11; policy accept;
                    \(first) \(limit)
                }
                chain forward {
                    type filter hook forward priority filter - 11; policy accept;
                    \(first) \(limit)
                }
            }

            """
    }

    var script: String {
        // Hooked in before the standard priority: a rule of another table can still refuse what this one lets pass.
        removal
            + """
            table \(table) {
                set ports {
                    type inet_service
                    \(elements(reachablePorts.sorted().map(String.init)))
                }
                set services {
                    type ipv4_addr . inet_service
                    \(elements(services.map { "\($0.address) . \($0.port)" }.sorted()))
                }
                set resolvers {
                    type ipv4_addr
                    \(elements(nameServers))
                }
                set builds {
                    type ipv4_addr
                    \(elements(builds.sorted()))
                }
                chain input {
                    type filter hook input priority filter - 10; policy accept;
                    iifname != "\(bridge)" return
                    ct direction reply ct state established,related accept
                    ip saddr \(subnet) ip daddr \(subnet.gateway) tcp dport @ports accept
                    ip saddr \(subnet) ip daddr . tcp dport @services accept
                    meta l4proto tcp reject with tcp reset
                    drop
                }
                chain forward {
                    type filter hook forward priority filter - 10; policy accept;
                    iifname "\(bridge)" oifname "\(bridge)" drop
                    iifname "\(bridge)" jump outward
                    oifname "\(bridge)" ct state established,related accept
                    oifname "\(bridge)" drop
                }
                chain outward {
                    meta nfproto ipv6 drop
                    ip saddr != \(subnet) drop
                    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
                    ip daddr . tcp dport @services accept
                    ip daddr { \(Self.neverReached.joined(separator: ", ")) } drop
                    ip saddr @builds goto build_egress
                    goto instance_egress
                }
                chain build_egress {
                    \(Self.rules(buildEgress))
                }
                chain instance_egress {
                    \(Self.rules(instanceEgress))
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr \(subnet) oifname != { "\(bridge)", "lo" } masquerade
                }
            }

            """ + rates
    }

    /// The rules of a policy. What is refused by it is told at once; what no policy opens is left to time out, as an
    /// address that nobody has.
    private static func rules(_ policy: EgressPolicy) -> String {
        var rules = policy.destinations.map { destination in
            "ip daddr \(destination.range) "
                + (destination.port.map { "meta l4proto { tcp, udp } th dport \($0) " } ?? "") + "accept"
        }
        if policy.isInternetOpen {
            rules += [
                "ip daddr { \(closedRanges.joined(separator: ", ")) } drop", "tcp dport 25 reject with tcp reset",
                "accept",
            ]
        } else {
            rules.append("reject with icmpx admin-prohibited")
        }
        return rules.joined(separator: "\n            ")
    }

    private func change(_ verb: String, _ builds: Set<String>) -> String {
        builds.isEmpty ? "" : "\(verb) element \(table) builds { \(builds.sorted().joined(separator: ", ")) }\n"
    }

    private func elements(_ values: [String]) -> String {
        values.isEmpty ? "" : "elements = { \(values.joined(separator: ", ")) }"
    }
}

/// A TCP service at an IPv4 address in dotted decimals.
struct ReachableService: Sendable, Hashable {
    let address: String
    let port: UInt16
}
