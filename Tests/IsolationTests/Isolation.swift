import Testing

/// Attacks of a stranger's repository (what is tried is named by each test), from inside a real build and a real instance
/// against a real server. One after the other: they share the server, and some load the machine.
@Suite("Isolation", .serialized, .stage)
struct Isolation {}

/// Where an attack is made from.
enum Place: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case build, instance

    var testDescription: String { rawValue }
}
