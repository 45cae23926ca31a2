import Core

/// Hides the values of an app's variables in the lines that its own programs write.
struct SecretMask: Sendable {
    /// Shorter values (`1`, `true`, `info`) stand in ordinary text too often to be hidden.
    static let minimumLength = 8
    static let replacement = "[hidden]"
    /// Variables that tell nothing that the log does not say anyway.
    private static let open: Set<String> = ["XHOST_USER", "XHOST_SHA", "DATABASE_HOST"]

    /// Longest first, so that a value within another does not leave half of it.
    private let values: [String]

    init(_ environment: [String: String]) {
        values = Set(
            environment.filter { !Self.open.contains($0.key) }.values
                .flatMap { value in value.contains("\n") ? value.split(separator: "\n").map(String.init) : [value] }
                .filter { $0.utf8.count >= Self.minimumLength }
        ).sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    func hide(_ line: String) -> String {
        values.reduce(line) { line, value in
            line.contains(value) ? line.replacing(value, with: Self.replacement) : line
        }
    }
}
