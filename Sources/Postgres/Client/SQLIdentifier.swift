/// The name of a database, schema or role of ours, checked against our own alphabet and quoted. The only thing that is
/// ever put into the text of a statement.
struct SQLIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// Longer names would be cut by the server without an error (NAMEDATALEN - 1).
    static let maximumLength = 63

    let name: String

    /// Throws unless `name` is 1 to 63 lower-case letters, digits and underscores, not starting with a digit.
    init(_ name: String) throws(PostgresError) {
        let isAllowed = name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard isAllowed, (1...Self.maximumLength).contains(name.utf8.count), let first = name.utf8.first,
            !(0x30...0x39).contains(first)
        else { throw PostgresError(state: "42602", message: "not a name of ours", operation: "check an identifier") }
        self.name = name
    }

    /// Quoted for a statement.
    var description: String { "\"\(name)\"" }
}
