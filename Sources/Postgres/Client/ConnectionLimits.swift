/// How long a connection waits for its server.
struct ConnectionLimits: Sendable, Hashable {
    /// Seconds that connecting may take, and a look at whether the server still answers.
    var connectSeconds = 5
    /// Seconds that a statement may take; the server itself ends it then (`statement_timeout`).
    var statementSeconds = 30
    /// Seconds for statements that remove or copy whole schemas and databases: those may write a checkpoint.
    var patientSeconds = 60
    /// Seconds that a statement may wait for a lock (`lock_timeout`).
    var lockSeconds = 20
    /// Seconds beyond that for a server that does not keep to it: after them nothing is expected of it any more.
    var graceSeconds = 5

    /// How long the answer to a statement is waited for.
    var answer: Duration { .seconds(statementSeconds + graceSeconds) }
}
