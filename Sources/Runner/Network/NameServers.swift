/// Name servers that containers can use.
enum NameServers {
    /// Where resolvers are written down: what programs read, and, when that names a stub on loopback, what systemd's
    /// resolver was given (systemd-resolved.service(8)).
    static let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// The IPv4 servers of the first file that has one outside loopback (resolv.conf(5); at most three are used).
    static func ofHost() -> [String] {
        for file in files {
            let servers = reachable(in: HostFiles.text(file) ?? "")
            if !servers.isEmpty { return servers }
        }
        return []
    }

    static func reachable(in text: String) -> [String] {
        let servers = text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count >= 2, words[0] == "nameserver", let address = IPv4Subnet.address(String(words[1])),
                address >> 24 != 127, address != 0
            else { return nil }
            return IPv4Subnet.text(address)
        }
        return Array(servers.prefix(3))
    }
}
