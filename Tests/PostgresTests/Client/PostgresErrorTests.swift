import Core
import Testing

@testable import Postgres

/// What the server says (PostgreSQL, appendix A), and what callers are told.
struct PostgresErrorTests {
    @Test(
        arguments: [
            (nil, "does not answer"), ("53300", "does not answer"), ("57P01", "does not answer"),
            ("57P02", "does not answer"), ("57P03", "does not answer"), ("57014", "took too long"),
            ("55P03", "took too long"), ("53100", "disk space"), ("53000", "memory"), ("53200", "memory"),
            ("53400", "memory"), ("25006", "read-only"), ("58030", "files"), ("28P01", "login"), ("28000", "login"),
        ] as [(String?, String)])
    func `a server that is slow, restarts or is full is unavailable, in words that say no more`(
        _ state: String?, _ part: String
    ) {
        let shown = PostgresError(state: state, message: "the disk /dev/sda1", operation: "CREATE ROLE").platform
        #expect(shown.code == .databaseUnavailable)
        #expect(shown.message.contains(part) && !shown.message.contains("sda1"))
        #expect(shown.cause?.contains("sda1") == true)
    }

    @Test(arguments: ["42501", "42704", "XX000", "22023"])
    func `everything else is a fault of ours`(_ state: String) {
        let shown = PostgresError(state: state, message: "the disk /dev/sda1", operation: "CREATE ROLE").platform
        #expect(shown.code == .internal && !shown.message.contains("sda1"))
        #expect(shown.cause?.contains("sda1") == true)
    }
}
