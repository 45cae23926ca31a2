import CLibpq
import Foundation

/// One statement on its way: sent, and its answer waited for by the clock of this side. libpq's own calls wait for ever
/// for a server whose machine still takes bytes and that says nothing (libpq, "Asynchronous Command Processing").
///
/// Nothing is cancelled when the time is up: the server ends the statement by `statement_timeout`, and a request to cancel
/// would wait for the same silent server. The caller closes the connection.
struct PostgresCall {
    private let handle: OpaquePointer
    private let operation: String
    private let deadline: ContinuousClock.Instant
    /// The longest single wait for the server.
    private let patience: Duration?

    /// - Parameter handle: a connection in non-blocking mode, without a statement under way.
    init(_ handle: OpaquePointer, operation: String, limit: Duration, patience: Duration? = nil) {
        self.handle = handle
        self.operation = operation
        self.patience = patience
        deadline = .now + limit
    }

    /// The result of the statement. Throws what the server said, and without a state when nothing came in time or the
    /// connection broke. Whenever nothing came for as long as the patience lasts, `meanwhile` is called.
    func run(
        _ sql: String, _ parameters: [String?], meanwhile: () -> Void = {}
    ) throws(PostgresError) -> PostgresResult {
        var values = CStringList(parameters)
        defer { values.free() }
        guard PQsendQueryParams(handle, sql, Int32(parameters.count), nil, values.pointers, nil, nil, 0) == 1 else {
            throw fault
        }
        try send()
        var last: OpaquePointer?
        do throws(PostgresError) {
            // The last one is the statement's; the end is a null pointer.
            while let result = try next(meanwhile) {
                PQclear(last)
                last = result
                // The server waits for rows, and would be given as the answer for ever (libpq, "COPY Command").
                if PQresultStatus(result) == PGRES_COPY_IN {
                    throw PostgresError(state: nil, message: "COPY is not supported", operation: operation)
                }
            }
        } catch {
            PQclear(last)
            throw error
        }
        guard let last else { throw fault }
        return try PostgresResult(last, operation: operation)
    }

    private func send() throws(PostgresError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                // What the server says meanwhile must be taken in, or both sides wait for the other.
                let events = try wait(for: Int16(POLLIN) | Int16(POLLOUT))
                if events & Int16(POLLIN) != 0, PQconsumeInput(handle) == 0 { throw fault }
            default: throw fault
            }
        }
    }

    private func next(_ meanwhile: () -> Void) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            if try wait(for: Int16(POLLIN), atMost: patience) == 0 { meanwhile() }
            // What came before the connection broke says why.
            if PQconsumeInput(handle) == 0, PQisBusy(handle) == 1 { throw fault }
        }
        return PQgetResult(handle)
    }

    /// Waits until the socket is ready for one of `events`, and says for which: for none when the wait was limited.
    private func wait(for events: Int16, atMost limit: Duration? = nil) throws(PostgresError) -> Int16 {
        let descriptor = PQsocket(handle)
        guard descriptor >= 0 else { throw fault }
        while true {
            let rest = deadline - .now
            guard rest > .zero else {
                throw PostgresError(state: nil, message: "the server did not answer in time", operation: operation)
            }
            var waiting = pollfd(fd: descriptor, events: events, revents: 0)
            let step = min(rest, limit ?? rest)
            let milliseconds = step.components.seconds * 1000 + step.components.attoseconds / 1_000_000_000_000_000
            let ready = poll(&waiting, 1, Int32(clamping: milliseconds + 1))
            if ready > 0 { return waiting.revents }
            if ready == 0, limit != nil { return 0 }
            if ready < 0, errno != EINTR { throw fault }
        }
    }

    private var fault: PostgresError {
        PostgresError(state: nil, message: String(cString: PQerrorMessage(handle)), operation: operation)
    }
}
