import CLibpq

/// One connection to a server. Its calls block, so it is used on a thread of a `BlockingPool`, by one thread at a time
/// (libpq, "Behavior in Threaded Programs").
struct PostgresConnection: ~Copyable {
    private let handle: OpaquePointer
    private let limits: ConnectionLimits

    /// Connects, or throws what the server or the network said.
    init(_ target: PostgresTarget) throws(PostgresError) {
        limits = target.limits
        let settings =
            target.parameters + [
                ("connect_timeout", String(target.limits.connectSeconds)), ("application_name", "berth"),
                ("options", Self.options(target.limits)), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
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
        // Nothing but `PostgresCall` waits for the server, and that by the clock.
        PQsetnonblocking(handle, 1)
        self.handle = handle
    }

    deinit { PQfinish(handle) }

    /// Whether the server still answers on it. One round trip.
    var isAlive: Bool {
        let limit = Duration.seconds(limits.connectSeconds)
        return (try? PostgresCall(handle, operation: "ping", limit: limit).run("SELECT 1", [])) != nil
    }

    /// Runs one statement. Values go as parameters `$1`, `$2`, … in text form, never into the text. A server that says
    /// nothing for longer than the statement may take makes it throw; the connection is of no use then.
    ///
    /// - Parameter meanwhile: called whenever nothing came for as long as `patience` lasts.
    @discardableResult
    func execute(
        _ sql: String, _ parameters: [String?] = [], patience: Duration? = nil, meanwhile: () -> Void = {}
    ) throws(PostgresError) -> PostgresResult {
        // The first two words say what was being done without any name or value.
        let operation = sql.split(whereSeparator: \.isWhitespace).prefix(2).joined(separator: " ")
        return try PostgresCall(handle, operation: operation, limit: limits.answer, patience: patience)
            .run(sql, parameters, meanwhile: meanwhile)
    }

    /// Run-time settings of every connection of ours: no statement waits for ever, and no object of a tenant is found by
    /// an unqualified name (CVE-2018-1058).
    private static func options(_ limits: ConnectionLimits) -> String {
        "-c statement_timeout=\(limits.statementSeconds)s -c lock_timeout=\(limits.lockSeconds)s "
            + "-c idle_in_transaction_session_timeout=60s -c search_path=pg_catalog -c client_min_messages=error "
            + "-c client_encoding=UTF8"
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
