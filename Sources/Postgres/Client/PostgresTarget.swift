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

    /// The same server and database, somebody else.
    func login(_ role: SQLIdentifier, password: String) -> PostgresTarget {
        var other = self
        other.parameters += [("user", role.name), ("password", password)]
        return other
    }

    /// The same as environment variables (libpq, "Environment Variables"), for programs: other users of the machine see a
    /// program's arguments.
    var environment: [String: String] {
        var variables: [String: String] = [:]
        for (index, parameter) in parameters.enumerated() {
            if index == 0, parameter.keyword == "dbname", let options = PQconninfoParse(parameter.value, nil) {
                Self.forEach(options) { _, variable, value in variables[variable] = value }
                PQconninfoFree(options)
            } else if let variable = Self.variables[parameter.keyword] {
                variables[variable] = parameter.value
            }
        }
        return variables
    }

    private static let variables = [
        "dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    ]

    /// Those of libpq's options that have a value and a variable.
    private static func forEach(
        _ options: UnsafeMutablePointer<PQconninfoOption>, _ body: (String, String, String) -> Void
    ) {
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, let variable = option.pointee.envvar {
                body(String(cString: keyword), String(cString: variable), String(cString: value))
            }
            option = option.successor()
        }
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
