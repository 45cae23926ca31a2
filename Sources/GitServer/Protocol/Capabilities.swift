/// What a client says that it can do: words, some with a value.
struct Capabilities: Sendable, Equatable {
    private var words: [String: String] = [:]

    init() {}

    /// Reads the space-separated words after a first want or command.
    init(_ text: some StringProtocol) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard let name = parts.first else { continue }
            words[String(name)] = parts.count == 2 ? String(parts[1]) : ""
        }
    }

    func contains(_ name: String) -> Bool { words[name] != nil }
    subscript(name: String) -> String? { words[name] }

    /// Whether the client speaks our hash: it must not ask for another one.
    var isKnownFormat: Bool { self["object-format"].map { $0 == "sha1" } ?? true }
}
