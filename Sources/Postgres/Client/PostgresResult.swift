import CLibpq

/// What a statement returned: rows of text.
struct PostgresResult: ~Copyable {
    private let handle: OpaquePointer

    /// Takes over `handle`; throws what the server said when the statement failed.
    init(_ handle: OpaquePointer, operation: String) throws(PostgresError) {
        let status = PQresultStatus(handle)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            let state = PQresultErrorField(handle, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
            let message = PQresultErrorMessage(handle).map { String(cString: $0) } ?? ""
            PQclear(handle)
            throw PostgresError(state: state, message: message, operation: operation)
        }
        self.handle = handle
    }

    deinit { PQclear(handle) }

    var count: Int { Int(PQntuples(handle)) }

    /// The text of one field; `nil` for SQL's NULL and outside the result.
    func text(row: Int = 0, column: Int = 0) -> String? {
        guard row < count, column < Int(PQnfields(handle)), PQgetisnull(handle, Int32(row), Int32(column)) == 0
        else { return nil }
        return PQgetvalue(handle, Int32(row), Int32(column)).map { String(cString: $0) }
    }

    /// A field as a number; `nil` for NULL and for what is none.
    func integer(row: Int = 0, column: Int = 0) -> Int? { text(row: row, column: column).flatMap { Int($0) } }
}
