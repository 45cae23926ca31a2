/// A network namespace with an address on the bridge.
struct NetworkLease: Sendable, Hashable, Codable {
    /// Also the name that the address is reserved under.
    let name: String
    /// Where the namespace is mounted.
    let path: String
    /// IPv4 address inside.
    let address: String
    /// The host's end of the link.
    let hostInterface: String
}
