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
            guard let number = Int(text), number > 0 else { throw ProtocolError("invalid deepen: \(line)") }
            depth = number
        } else if let text = line.value(after: "deepen-since ") {
            guard let number = Int(text) else { throw ProtocolError("invalid deepen-since: \(line)") }
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
            let names = [name, "refs/heads/\(name)", "refs/tags/\(name)"]
            guard let reference = snapshot.references.first(where: { names.contains($0.name) }) else {
                throw ProtocolError("git upload-pack: ambiguous deepen-not: \(name)")
            }
            tips.append(reference.id)
        }
        return .limited(since: since, excluding: tips)
    }
}

/// A request that breaks the protocol; the message goes to the client in an `ERR` packet.
struct ProtocolError: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

extension String {
    func value(after prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
