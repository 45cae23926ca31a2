import NIOCore

/// The header lines that tell an upstream about the client's connection.
struct ForwardingFields: Sendable {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, with line ends.
    let lines: [UInt8]

    init(client: SocketAddress?, scheme: String) {
        let address = client?.ipAddress.map { "X-Forwarded-For: \($0)\r\n" } ?? ""
        lines = Array("\(address)X-Forwarded-Proto: \(scheme)\r\n".utf8)
    }
}
