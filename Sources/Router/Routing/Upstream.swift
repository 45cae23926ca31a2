import Core
import NIOCore

/// Somewhere that requests are passed on to: an instance, or a service of this process.
final class Upstream: Sendable {
    enum Kind: Sendable, Equatable {
        case instance(ID<Instance>)
        /// Of this process: the API, git, the dashboard. Trusted.
        case service(String)
        /// The operator's, beside this server; treated as an app is.
        case beside(String)
        /// Another server, over TLS under this name.
        case origin(String)
    }

    let kind: Kind
    let address: SocketAddress
    let requests = OpenRequests()
    /// How the access log names it.
    let label: String

    init(kind: Kind, address: SocketAddress) {
        self.kind = kind
        self.address = address
        let place = address.ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 }.map { "\($0):\(address.port ?? 0)" }
        label =
            switch kind {
            case .service(let name): name
            case .origin(let name): name
            case .instance, .beside: place ?? "unix:\(address.pathname ?? "")"
            }
    }

    var isService: Bool { if case .service = kind { true } else { false } }
    var originName: String? { if case .origin(let name) = kind { name } else { nil } }
    var instance: ID<Instance>? { if case .instance(let id) = kind { id } else { nil } }
}
