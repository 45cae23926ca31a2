import Core

/// What containers may reach outside of this host, beside name servers and the services that the server itself needs:
/// the internet, some ranges, or nothing.
public struct EgressPolicy: Sendable, Hashable {
    /// An IPv4 range, all of its ports or one (TCP and UDP).
    public struct Destination: Sendable, Hashable {
        public let range: IPv4Subnet
        public let port: UInt16?

        public init(range: IPv4Subnet, port: UInt16? = nil) {
            self.range = range
            self.port = port
        }
    }

    /// Public addresses, all ports but that of mail (TCP 25).
    public var isInternetOpen: Bool
    /// Reached also where they are private, or a mail server.
    public var destinations: [Destination]

    public static let internet = EgressPolicy(isInternetOpen: true, destinations: [])
    public static let closed = EgressPolicy(isInternetOpen: false, destinations: [])

    public init(isInternetOpen: Bool, destinations: [Destination]) {
        self.isInternetOpen = isInternetOpen
        self.destinations = destinations
    }

    /// Reads words between commas: `internet`, `none`, `10.20.0.0/16`, `192.0.2.7:5432`.
    /// Throws `.invalid` for anything else, and for `none` beside other words.
    public init(_ text: String) throws(PlatformError) {
        let words = text.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
        self = .closed
        for word in words {
            switch word {
            case "internet": isInternetOpen = true
            case "none" where words.count == 1: return
            default: destinations.append(try Self.destination(word))
            }
        }
        guard !words.isEmpty else { throw .invalid("must be internet, none, or IPv4 ranges such as 10.20.0.0/16") }
    }

    private static func destination(_ word: String) throws(PlatformError) -> Destination {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let range = parts[0].contains("/") ? parts[0] : "\(parts[0])/32"
        let port = parts.count == 2 ? UInt16(parts[1]) : nil
        guard parts.count <= 2, let subnet = IPv4Subnet(range), parts.count == 1 || (port ?? 0) > 0 else {
            throw .invalid("\(word) is none of internet, none, an IPv4 range such as 10.20.0.0/16, or one with :port")
        }
        return Destination(range: subnet, port: port)
    }
}
