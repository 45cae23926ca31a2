import CLibpq

/// One connection to a server. Its calls block, so it is used on a thread of a `BlockingPool`, by one thread at a time
/// (libpq, "Behavior in Threaded Programs").
struct PostgresConnection: ~Copyable {
    private let handle: OpaquePointer

    /// Seconds that connecting may take.
    private static let connectSeconds = 5
    /// Run-time settings of every connection of ours: no statement waits for ever, and no object of a tenant is found by
    /// an unqualified name (CVE-2018-1058).
    private static let options =
        "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s "
        + "-c search_path=pg_catalog -c client_min_messages=error -c client_encoding=UTF8"

    /// Connects, or throws what the server or the network said.
    init(_ target: PostgresTarget) throws(PostgresError) {
        let settings =
            target.parameters + [
                ("connect_timeout", String(Self.connectSeconds)), ("application_name", "berth"),
                ("options", Self.options), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
                ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
            ]
        var keywords = CStringList(settings.map(\.0))
        var values = CStringList(settings.map(\.1))
        guard let handle = PQconnectdbParams(keywords.pointers, values.pointers, 1) else {
            throw PostgresError(state: nil, message: "out of memory", operation: "connect")
        }
        keywords.free()
        values.free()
        guard PQstatus(handle) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(handle))
            PQfinish(handle)
            throw PostgresError(state: nil, message: message, operation: "connect")
        }
        // libpq would write notices to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        self.handle = handle
    }

    deinit { PQfinish(handle) }

    /// Whether the server still answers on it. One round trip.
    var isAlive: Bool {
        guard let result = PQexec(handle, "SELECT 1") else { return false }
        defer { PQclear(result) }
        return PQresultStatus(result) == PGRES_TUPLES_OK
    }

    /// Runs one statement. Values go as parameters `$1`, `$2`, … in text form, never into the text.
    @discardableResult
    func execute(_ sql: String, _ parameters: [String?] = []) throws(PostgresError) -> PostgresResult {
        var values = CStringList(parameters)
        defer { values.free() }
        let result = PQexecParams(handle, sql, Int32(parameters.count), nil, values.pointers, nil, nil, 0)
        // The first two words say what was being done without any name or value.
        let operation = sql.split(whereSeparator: \.isWhitespace).prefix(2).joined(separator: " ")
        guard let result else {
            throw PostgresError(state: nil, message: String(cString: PQerrorMessage(handle)), operation: operation)
        }
        return try PostgresResult(result, operation: operation)
    }

    /// The SCRAM-SHA-256 verifier of `password` as a quoted literal, so that the password itself is in no statement.
    func verifierLiteral(_ password: String, role: SQLIdentifier) throws(PostgresError) -> String {
        let operation = "encrypt a password"
        guard let verifier = PQencryptPasswordConn(handle, password, role.name, "scram-sha-256") else {
            throw PostgresError(state: nil, message: String(cString: PQerrorMessage(handle)), operation: operation)
        }
        defer { PQfreemem(verifier) }
        guard let literal = PQescapeLiteral(handle, verifier, String(cString: verifier).utf8.count) else {
            throw PostgresError(state: nil, message: String(cString: PQerrorMessage(handle)), operation: operation)
        }
        defer { PQfreemem(literal) }
        return String(cString: literal)
    }
}
