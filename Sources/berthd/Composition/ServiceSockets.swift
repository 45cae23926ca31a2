import Core

/// Where the services behind the router listen.
struct ServiceSockets {
    static let apiName = "api"

    let api: String
    let git: String
    let dashboard: String

    init(folder: DataFolder) {
        api = "\(folder.run)/api.sock"
        git = "\(folder.run)/git.sock"
        dashboard = "\(folder.run)/dashboard.sock"
    }

    /// The hosts of the platform itself.
    func targets(_ address: PublicAddress) -> [String: RouteTarget] {
        [
            address.apiHost: .service(name: Self.apiName, socketPath: api),
            address.gitHost: .service(name: "git", socketPath: git),
            address.domain: .service(name: "dashboard", socketPath: dashboard),
        ]
    }
}
