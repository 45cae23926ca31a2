import Foundation

/// Which server, and with which token.
struct Login: Codable, Sendable {
    var server: ServerAddress
    /// `xh_live_…`
    var token: String
    /// Where the server's repositories are, learned from the first app: scheme, host and port.
    var git: ServerAddress?

    /// Where git talks to this server: as learned, else the name that the contract gives it, `git.` for `api.`.
    var gitAddress: ServerAddress? { git ?? server.sibling("git", of: "api") }

    /// What BERTH_SERVER and BERTH_TOKEN say, else what `berth login` kept.
    static func current(_ store: LoginStore = LoginStore()) throws -> Login {
        let environment = ProcessInfo.processInfo.environment
        let kept = try store.load()
        guard let server = try environment["BERTH_SERVER"].map(ServerAddress.init) ?? kept?.server,
            let token = environment["BERTH_TOKEN"] ?? (server == kept?.server ? kept?.token : nil)
        else { throw ClientError("not logged in: berth login --server http://api.localhost:8080") }
        return Login(server: server, token: token, git: server == kept?.server ? kept?.git : nil)
    }
}
