/// An address to listen on: `127.0.0.1:8080`, `[::]:80`, `0.0.0.0:80`.
struct ListenAddress: Sendable, Hashable {
    let host: String
    let port: Int

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw ConfigurationMistake("listen", "must be an address and a port, such as 127.0.0.1:8080") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else {
            throw ConfigurationMistake("listen", "names no address: use 0.0.0.0:\(port) for all of them")
        }
        self.host = host
        self.port = port
    }
}
