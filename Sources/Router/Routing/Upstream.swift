import Core
import NIOCore

/// Somewhere that requests are passed on to: an instance, or a service of this process.
final class Upstream: Sendable {
    enum Kind: Sendable, Equatable {
        case instance(ID<Instance>)
        case service(String)
        /// Another server, over TLS under this name.
        case origin(String)
    }

    let kind: Kind
    let address: SocketAddress
    let requests = OpenRequests()

    init(kind: Kind, address: SocketAddress) {
        self.kind = kind
        self.address = address
    }

    var isService: Bool { if case .service = kind { true } else { false } }
    var originName: String? { if case .origin(let name) = kind { name } else { nil } }
    var instance: ID<Instance>? { if case .instance(let id) = kind { id } else { nil } }
}
