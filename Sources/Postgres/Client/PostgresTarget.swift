import CLibpq
import Core
import Foundation

/// Where and as whom to connect, and how long to wait there.
struct PostgresTarget: Sendable {
    /// libpq's parameters, by keyword; `dbname` may be a whole connection URI.
    private(set) var parameters: [(keyword: String, value: String)]
    var limits = ConnectionLimits()

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

    /// The same, with time for statements that take long.
    var patient: PostgresTarget {
        var other = self
        other.limits.statementSeconds = limits.patientSeconds
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
    /// loopback or nothing: containers could not reach the server then.
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
        guard !isLoopback(host) else {
            throw PlatformError(
                .invalid,
                "the Postgres URL names \(host), which containers cannot reach: give an address of this machine that is not loopback, and let the server listen there"
            )
        }
        return DatabaseEndpoint(host: host, port: port)
    }

    /// Whether `host` is this machine for whoever asks: inside a container, the container itself.
    private static func isLoopback(_ host: String) -> Bool {
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") || name == "localhost." { return true }
        var four = in_addr()
        // Also the short forms that resolvers take (`127.1`, inet_aton(3)).
        if inet_aton(name, &four) == 1 {
            let address = UInt32(bigEndian: four.s_addr)
            return address >> 24 == 127 || address == 0
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, name, &six) == 1 else { return false }
        return withUnsafeBytes(of: six) { bytes in
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
            if isMapped { return bytes[12] == 127 || bytes[12...].allSatisfy { $0 == 0 } }
            return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] <= 1
        }
    }
}
