import Core
import GRDB

/// Turns what SQLite, the file system and the sealing say into `PlatformError`.
enum StoreError {
    static func translate(_ error: any Error) -> PlatformError {
        switch error {
        case let error as PlatformError:
            return error
        case let error as DatabaseError:
            return translate(error)
        default:
            return PlatformError(
                .unavailable, "the server's state cannot be read or written", cause: String(describing: error))
        }
    }

    private static func translate(_ error: DatabaseError) -> PlatformError {
        let cause = error.description
        switch error.resultCode {
        case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY:
            return PlatformError(.conflict, "something that this belongs to does not exist any more", cause: cause)
        case .SQLITE_CONSTRAINT:
            return PlatformError(.conflict, "this exists already", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return PlatformError(.unavailable, "the server's state is busy; try again", cause: cause)
        case .SQLITE_FULL:
            return PlatformError(.unavailable, "the server's disk is full", cause: cause)
        case .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_READONLY, .SQLITE_PERM:
            return PlatformError(.unavailable, "the server's state cannot be read or written", cause: cause)
        default:
            return PlatformError(.internal, "the server's state could not be changed", cause: cause)
        }
    }
}

/// A uniqueness rule of the schema and what breaking it means to the caller.
struct UniqueRule {
    /// As SQLite names it: `table.column, table.column`.
    let columns: String
    /// The thing that clashed, put into the error's details under `field`.
    let field: String
    let message: String

    /// Runs `body`; when it breaks one of `rules`, throws that rule's `.conflict`.
    @discardableResult
    static func enforce<Value>(_ rules: [UniqueRule], _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            let broken = rules.first { error.message == "UNIQUE constraint failed: \($0.columns)" }
            guard let broken else { throw error }
            throw PlatformError(.conflict, broken.message, details: ["field": broken.field])
        }
    }
}
