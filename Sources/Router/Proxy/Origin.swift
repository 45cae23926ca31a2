import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The parts of an https URL.
struct Origin: Hashable {
    let host: String
    let port: Int
    /// Path and query.
    let target: String

    /// `nil` for what is not an https URL with a plain host.
    init?(_ url: String) {
        let scheme = "https://"
        guard url.lowercased().hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        guard let port = parts.count == 2 ? Int(parts[1]) : 443, (1...65_535).contains(port) else { return nil }
        let path = rest.dropFirst(authority.count)
        host = first.lowercased()
        self.port = port
        target = path.first == "/" ? String(path) : "/\(path)"
    }

    var authority: String { port == 443 ? host : "\(host):\(port)" }
}

/// The other servers that sites answer from, as one event loop knows them. A name is looked up once a minute, and the
/// connection goes to the very address that was checked: a name that changes cannot lead inside. Who answers for a name is
/// a stranger and may take long: requests for one name wait for one look-up, and only so many names are asked for at once.
final class OriginDirectory {
    private struct Place: Hashable {
        let host: String
        let port: Int
    }

    static let lifetime: Duration = .seconds(60)
    /// Of what was not found.
    static let missingLifetime: Duration = .seconds(10)
    static let maximumPlaces = 1000
    static let maximumLookups = 64

    private unowned let worker: Worker
    /// `nil` for a name that leads nowhere.
    private var known: [Place: (upstream: Upstream?, until: ContinuousClock.Instant)] = [:]
    private var lookups: [Place: EventLoopFuture<Upstream>] = [:]

    init(worker: Worker) { self.worker = worker }

    /// Fails when the name leads to no public address, or when too many names are being looked up.
    func upstream(_ origin: Origin) -> EventLoopFuture<Upstream> {
        let place = Place(host: origin.host, port: origin.port)
        if let found = known[place], found.until > .now {
            guard let upstream = found.upstream else {
                return worker.eventLoop.makeFailedFuture(PublicAddresses.NotPublic())
            }
            return worker.eventLoop.makeSucceededFuture(upstream)
        }
        if let lookup = lookups[place] { return lookup }
        guard lookups.count < Self.maximumLookups else {
            return worker.eventLoop.makeFailedFuture(PublicAddresses.NotPublic())
        }
        let bound = NIOLoopBound(self, eventLoop: worker.eventLoop)
        let resolve = worker.configuration.resolveOrigin
        let lookup = worker.lookups.runIfActive(eventLoop: worker.eventLoop) {
            try resolve(origin.host, origin.port)
        }.map { address in bound.value.upstream(at: address, for: place) }
        lookups[place] = lookup
        lookup.whenComplete { result in bound.value.settle(place, try? result.get()) }
        return lookup
    }

    /// The one that is known, when it has this address.
    private func upstream(at address: SocketAddress, for place: Place) -> Upstream {
        if let old = known[place]?.upstream, old.address == address { return old }
        return Upstream(kind: .origin(place.host), address: address)
    }

    private func settle(_ place: Place, _ upstream: Upstream?) {
        lookups[place] = nil
        if known.count >= Self.maximumPlaces { known.removeAll() }
        let lifetime = upstream == nil ? Self.missingLifetime : Self.lifetime
        known[place] = (upstream, .now + lifetime)
    }
}

/// Looks names up and lets public addresses through only.
enum PublicAddresses {
    struct NotPublic: Error {}

    /// The first public address of a name. Blocks. Throws when there is none.
    static func resolve(_ host: String, port: Int) throws -> SocketAddress {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { throw NotPublic() }
        defer { freeaddrinfo(list) }
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isRead =
                getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            guard isRead else { continue }
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard isPublic(name) else { continue }
            return try SocketAddress(ipAddress: name, port: port)
        }
        throw NotPublic()
    }

    /// Everything that the IANA registries of special-purpose addresses (RFC 6890) keep from the public network.
    static func isPublic(_ address: String) -> Bool {
        if address.contains(":") {
            if let v4 = AddressBlock.mappedV4(address) { return isPublic(v4) }
            // Global unicast only, without what embeds or documents other addresses.
            return global.contains(address) && !special6.contains { $0.contains(address) }
        }
        return !special4.contains { $0.contains(address) }
    }

    private static let global = block("2000::/3")
    private static let special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map(block)
    private static let special4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    ].map(block)

    private static func block(_ text: String) -> AddressBlock { AddressBlock(text) ?? .none }
}
