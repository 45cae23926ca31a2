import Synchronization

/// Notes what a store is asked.
final class StatementCount: Sendable {
    private let statements = Mutex<[String]>([])

    func note(_ statement: String) { statements.withLock { $0.append(statement) } }

    /// Statements that read or write rows of ours, run by `body`.
    func during(_ body: () async throws -> Void) async rethrows -> [String] {
        statements.withLock { $0 = [] }
        try await body()
        return statements.withLock { $0 }.filter { !$0.contains("sqlite_master") }.filter { statement in
            ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains { statement.hasPrefix($0) }
        }
    }
}
