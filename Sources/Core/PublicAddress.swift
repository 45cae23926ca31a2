/// How the world reaches this server: the scheme, domain and port that go into every address we print.
public struct PublicAddress: Sendable, Hashable {
    public var scheme: String
    /// The platform's domain, lower case, without port: `localhost`, `example.org`.
    public var domain: String
    /// `nil` when it is the scheme's default port.
    public var port: Int?

    public init(scheme: String, domain: String, port: Int?) {
        self.scheme = scheme
        self.domain = domain.lowercased()
        self.port = port
    }

    public var apiHost: String { "api.\(domain)" }
    public var gitHost: String { "git.\(domain)" }

    /// The site's hostname: `label` in front of the domain.
    public func hostname(_ label: SiteLabel) -> String { "\(label.rawValue).\(domain)" }

    /// `http://host:port`, without a trailing slash.
    public func url(host: String) -> String { "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")" }

    /// Where an app is cloned from and pushed to.
    public func repositoryURL(user: UserName, app: AppName) -> String {
        "\(url(host: gitHost))/\(user.rawValue)/\(app.rawValue).git"
    }
}
