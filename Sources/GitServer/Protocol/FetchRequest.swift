import Git

/// A fetch of any protocol version, read from its packets.
struct FetchRequest: Sendable, Equatable {
    /// The client's part of the talk, in its order.
    enum Step: Sendable, Equatable {
        case have(ObjectID)
        case flush
    }

    var wants: [ObjectID] = []
    var steps: [Step] = []
    var isDone = false
    var clientShallow: Set<ObjectID> = []
    var deepening = DeepenRequest()
    var capabilities = Capabilities()
    var wantsProgress = true
    var includesTags = false
    var waitsForDone = false

    var haves: [ObjectID] {
        steps.compactMap { if case .have(let id) = $0 { id } else { nil } }
    }

    /// Reads a request of protocol 0 or 1 (gitprotocol-pack(5), "Packfile Negotiation"). One without wants is empty.
    init(version0 packets: [Packet]) throws(ProtocolError) {
        var isPastWants = false
        for packet in packets {
            guard case .data = packet else {
                guard packet == .flush else { throw ProtocolError("unexpected packet") }
                if isPastWants { steps.append(.flush) }
                isPastWants = true
                continue
            }
            guard let line = packet.line else { throw ProtocolError("a line is not UTF-8") }
            if isPastWants { try takeNegotiation(line) } else { try takeWant(line) }
            if isDone { return }
        }
    }

    /// Reads the arguments of a `fetch` command of protocol 2 (gitprotocol-v2(5), "fetch").
    init(version2 arguments: [String]) throws(ProtocolError) {
        capabilities = Capabilities("side-band-64k")
        for line in arguments {
            if let text = line.value(after: "want ") {
                wants.append(try Self.objectID(text, line))
            } else if let text = line.value(after: "have ") {
                steps.append(.have(try Self.objectID(text, line)))
            } else if let text = line.value(after: "shallow ") {
                clientShallow.insert(try Self.objectID(text, line))
            } else if try !deepening.take(line) {
                switch line {
                case "done": isDone = true
                case "no-progress": wantsProgress = false
                case "include-tag": includesTags = true
                case "wait-for-done": waitsForDone = true
                case "thin-pack", "ofs-delta": break
                default: throw ProtocolError("unexpected line: '\(ShownText.of(line, limit: 200))'")
                }
            }
        }
    }

    private mutating func takeWant(_ line: String) throws(ProtocolError) {
        if let text = line.value(after: "want ") {
            let id = try Self.objectID(String(text.prefix(40)), line)
            if wants.isEmpty {
                capabilities = Capabilities(text.dropFirst(40))
                wantsProgress = !capabilities.contains("no-progress")
                includesTags = capabilities.contains("include-tag")
                deepening.isRelative = capabilities.contains("deepen-relative")
            }
            wants.append(id)
        } else if let text = line.value(after: "shallow ") {
            clientShallow.insert(try Self.objectID(text, line))
        } else if try !deepening.take(line) {
            throw ProtocolError(
                "git upload-pack: protocol error, expected to get object ID, not '\(ShownText.of(line, limit: 200))'")
        }
    }

    private mutating func takeNegotiation(_ line: String) throws(ProtocolError) {
        if let text = line.value(after: "have ") {
            steps.append(.have(try Self.objectID(text, line)))
        } else if line == "done" {
            isDone = true
        } else {
            throw ProtocolError("git upload-pack: expected SHA1 list, got '\(ShownText.of(line, limit: 200))'")
        }
    }

    private static func objectID(_ text: String, _ line: String) throws(ProtocolError) -> ObjectID {
        guard let id = ObjectID(text) else {
            throw ProtocolError("git upload-pack: invalid object id in '\(ShownText.of(line, limit: 200))'")
        }
        return id
    }
}
