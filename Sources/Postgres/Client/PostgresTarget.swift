import CLibpq
import Core

/// Where and as whom to connect.
struct PostgresTarget: Sendable {
    /// libpq's parameters, by keyword; `dbname` may be a whole connection URI.
    private(set) var parameters: [(keyword: String, value: String)]

    /// A server at an address of ours.
    init(host: String, port: Int, user: String, password: String, database: String) {
        parameters = [
            ("dbname", database), ("host", host), ("port", String(port)), ("user", user), ("password", password),
        ]
    }

    /// A server that a connection URI names (libpq, "Connection URIs").
    init(url: String) { parameters = [("dbname", url)] }

    /// The same server, another database.
    func database(_ identifier: SQLIdentifier) -> PostgresTarget {
        var other = self
        // The first `dbname` may be a URI; later ones are plain names that win over it.
        other.parameters.append(("dbname", identifier.name))
        return other
    }

    /// Host and port that the URI names. Throws `.invalid` when it is malformed, or names a Unix socket, several hosts,
    /// or none: containers could not reach the server then.
    static func endpoint(url: String) throws(PlatformError) -> DatabaseEndpoint {
        let problem = PlatformError(
            .invalid, "the Postgres URL must be postgresql://user:password@host:port/database with one host")
        guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://"), let options = PQconninfoParse(url, nil)
        else { throw problem }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option = option.successor()
        }
        guard let host = values["host"], !host.isEmpty, !host.hasPrefix("/"), !host.contains(","),
            let port = Int(values["port"] ?? "5432"), (1...65_535).contains(port)
        else { throw problem }
        return DatabaseEndpoint(host: host, port: port)
    }
}
