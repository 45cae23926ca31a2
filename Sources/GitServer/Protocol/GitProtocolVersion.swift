/// The version of the wire protocol (gitprotocol-http(5), header `Git-Protocol`).
enum GitProtocolVersion: Int, Sendable {
    case v0, v1, v2

    /// The highest known version of the header's colon-separated list; what is unknown is passed over.
    init(header: String?) {
        var highest = GitProtocolVersion.v0
        for part in (header ?? "").split(separator: ":") {
            guard part.hasPrefix("version="), let number = Int(part.dropFirst(8)),
                let version = GitProtocolVersion(rawValue: number)
            else { continue }
            if version.rawValue > highest.rawValue { highest = version }
        }
        self = highest
    }
}
