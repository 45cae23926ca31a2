import Configuration
import Core
import Router

/// The settings of the router that are checked before anything is opened.
struct RouterSettings: Sendable {
    var secure: RouterConfiguration.SecureListener?
    var redirectsToHTTPS: Bool
    var strictTransportSeconds: Int?
    /// The operator's own routes.
    var routes: [OperatorRoute]
    var trustedProxies: [AddressBlock]
    var usesProxyProtocol: Bool
    var limits: RouterLimits
    /// A path, or `-` for standard output.
    var accessLog: String?

    /// Throws `ConfigurationMistake`.
    init(_ reader: ConfigReader, domain: String) throws {
        let certificates = reader.string(forKey: "tls-certificates")
        let listen = reader.string(forKey: "tls-listen")
        guard (certificates == nil) == (listen == nil) else {
            throw ConfigurationMistake("tls-listen", "goes together with tls-certificates")
        }
        if let certificates, let listen {
            let address = try ListenAddress(listen)
            secure = .init(host: address.host, port: address.port, certificates: certificates)
        }
        redirectsToHTTPS = reader.bool(forKey: "https-redirect", default: false)
        guard !redirectsToHTTPS || secure != nil else {
            throw ConfigurationMistake("https-redirect", "needs tls-listen")
        }
        strictTransportSeconds = reader.int(forKey: "hsts-seconds")
        guard strictTransportSeconds ?? 0 >= 0 else {
            throw ConfigurationMistake("hsts-seconds", "must not be negative")
        }
        routes = try Self.list(reader, "routes").map { text in
            guard let equals = text.firstIndex(of: "=") else {
                throw ConfigurationMistake("routes", "\"\(text)\" must be HOST=UPSTREAM")
            }
            do throws(PlatformError) {
                return try OperatorRoute(
                    host: String(text[..<equals]), upstream: String(text[text.index(after: equals)...]), domain: domain)
            } catch {
                throw ConfigurationMistake("routes", error.message)
            }
        }
        guard Set(routes.map(\.host)).count == routes.count else {
            throw ConfigurationMistake("routes", "names a host twice")
        }
        trustedProxies = try Self.list(reader, "trusted-proxies").map { text in
            guard let block = AddressBlock(text) else {
                throw ConfigurationMistake("trusted-proxies", "\"\(text)\" is not an IP range")
            }
            return block
        }
        usesProxyProtocol = reader.bool(forKey: "proxy-protocol", default: false)
        limits = try RouterLimits(reader)
        accessLog = reader.string(forKey: "access-log")
        guard accessLog != "" else { throw ConfigurationMistake("access-log", "must be a path, or -") }
    }

    /// In the file a list of texts, elsewhere one text with commas.
    private static func list(_ reader: ConfigReader, _ key: ConfigKey) -> [String] {
        let parts = reader.stringArray(forKey: key, default: [])
        return parts.flatMap { $0.split(separator: ",") }
            .map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    func apply(to configuration: inout RouterConfiguration) {
        configuration.secure = secure
        configuration.redirectsToHTTPS = redirectsToHTTPS
        configuration.strictTransportSeconds = strictTransportSeconds
        configuration.routes = routes
        configuration.trustedProxies = trustedProxies
        configuration.usesProxyProtocol = usesProxyProtocol
        configuration.accessLog = accessLog
        limits.apply(to: &configuration)
    }
}
