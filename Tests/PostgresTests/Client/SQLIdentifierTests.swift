import Testing

@testable import Postgres

struct SQLIdentifierTests {
    @Test(arguments: ["u_0", "ch_0123456789ab", "postgres", String(repeating: "a", count: 63)])
    func `quotes names of ours`(_ name: String) throws {
        #expect(try SQLIdentifier(name).description == "\"\(name)\"")
    }

    @Test(arguments: [
        "", "a b", "a\"b", "A", "1a", "a-b", "a;b", "a\0b", "ä", "a\n", String(repeating: "a", count: 64),
    ])
    func `refuses every other name`(_ name: String) {
        #expect(throws: PostgresError.self) { try SQLIdentifier(name) }
    }
}
