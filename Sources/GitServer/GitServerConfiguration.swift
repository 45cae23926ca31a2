/// Limits and names of the git server.
public struct GitServerConfiguration: Sendable {
    /// Bytes of one push, as sent and as inflated.
    public var pushBytes = 2 << 30
    /// Bytes of one fetch request, as sent and as inflated.
    public var fetchRequestBytes = 10 << 20
    /// Commands of one push.
    public var pushCommands = 20_000
    /// Bytes of a push's commands and options.
    public var commandBytes = 8 << 20
    /// Bytes of one pack that is sent.
    public var sentPackBytes = 8 << 30
    /// Time without output after which an empty packet is sent, so that nobody on the way gives the connection up.
    public var keepalive: Duration = .seconds(5)
    /// What clients are told as `agent`: `berth/<version>`.
    public var agent: String
    /// What a browser or an old client is told as realm.
    public var realm = "Berth"

    public init(version: String) {
        let known = version.utf8.filter { (0x21...0x7e).contains($0) }
        agent = "berth/" + String(decoding: known, as: UTF8.self)
    }
}
