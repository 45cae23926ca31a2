import Git

/// The lines of a fetch that ask for a part of the history: the same in all protocol versions.
struct DeepenRequest: Sendable, Equatable {
    var depth: Int?
    var isRelative = false
    var since: Int?
    /// Ref names, short or full, as given.
    var excluded: [String] = []

    var isEmpty: Bool { depth == nil && since == nil && excluded.isEmpty }

    /// Takes a line when it is one of these. Throws on a malformed one.
    mutating func take(_ line: String) throws(ProtocolError) -> Bool {
        if let text = line.value(after: "deepen ") {
            guard let number = Int(text), number > 0 else {
                throw ProtocolError("Invalid deepen: \(ShownText.of(line, limit: 100))")
            }
            depth = number
        } else if let text = line.value(after: "deepen-since ") {
            guard let number = Int(text) else {
                throw ProtocolError("Invalid deepen-since: \(ShownText.of(line, limit: 100))")
            }
            since = number
        } else if let text = line.value(after: "deepen-not ") {
            guard excluded.count < 1000 else { throw ProtocolError("too many deepen-not lines") }
            excluded.append(text)
        } else if line == "deepen-relative" {
            isRelative = true
        } else {
            return false
        }
        return true
    }

    /// The request with its refs looked up.
    func resolved(in snapshot: ReferenceSnapshot) throws(ProtocolError) -> Deepening? {
        if isEmpty { return nil }
        if let depth {
            guard since == nil, excluded.isEmpty else {
                throw ProtocolError("deepen and deepen-since (or deepen-not) cannot be used together")
            }
            // What clients send for "all of it".
            let count = depth >= 0x7fff_ffff ? Int.max : depth
            return isRelative ? .further(count) : .commits(count)
        }
        var tips: [ObjectID] = []
        for name in excluded {
            let found = ["", "refs/", "refs/tags/", "refs/heads/"].lazy.compactMap { snapshot[$0 + name] }.first
            guard let found else {
                throw ProtocolError("git upload-pack: ambiguous deepen-not: \(ShownText.of(name, limit: 200))")
            }
            tips.append(found.id)
        }
        return .limited(since: since, excluding: tips)
    }
}
