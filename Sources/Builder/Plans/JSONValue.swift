/// A JSON value (RFC 8259). Numbers are kept as they are written: nothing here counts with them.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// Whether an object has a member whose name is none of `except`, or a list has an element.
    func hasEntry(except: [Glob]) -> Bool {
        switch self {
        case .object(let members):
            members.keys.contains { name in !except.contains { $0.matches(name, isPath: false) } }
        case .array(let elements): !elements.isEmpty
        default: false
        }
    }
}

/// What is wrong with a JSON text, and where.
struct JSONError: Error, CustomStringConvertible {
    /// From 1.
    let line: Int
    /// In bytes, from 1.
    let column: Int
    let message: String

    var description: String { "line \(line), column \(column): \(message)" }
}
