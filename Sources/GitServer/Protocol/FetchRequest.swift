import Git

/// What one fetch request may hold.
struct FetchLimits: Sendable {
    var wants = 100_000
    var haves = 100_000
    var time: Duration = .seconds(600)
}

/// A fetch of any protocol version.
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
    var filter: ObjectFilter?
    var isThin = false
    var usesOffsetDeltas = false
    /// How long the work for it may take.
    var time = FetchLimits().time

    var haves: [ObjectID] {
        steps.compactMap { if case .have(let id) = $0 { id } else { nil } }
    }

    /// An empty request of protocol 2, whose answer is always multiplexed.
    static var version2: FetchRequest {
        var request = FetchRequest()
        request.capabilities = Capabilities("side-band-64k")
        return request
    }

    /// Takes an argument of a `fetch` command of protocol 2 (gitprotocol-v2(5), "fetch").
    mutating func takeVersion2(_ line: String, limits: FetchLimits) throws(ProtocolError) {
        if let text = line.value(after: "want ") {
            try takeWant(text, line, limits)
        } else if let text = line.value(after: "have ") {
            try takeHave(text, line, limits)
        } else if let text = line.value(after: "shallow ") {
            try takeShallow(text, line, limits)
        } else if let text = line.value(after: "filter ") {
            filter = try FilterSpecification.parse(text)
        } else if try !deepening.take(line) {
            switch line {
            case "done": isDone = true
            case "no-progress": wantsProgress = false
            case "include-tag": includesTags = true
            case "wait-for-done": waitsForDone = true
            case "thin-pack": isThin = true
            case "ofs-delta": usesOffsetDeltas = true
            default: throw ProtocolError("unexpected line: '\(ShownText.of(line, limit: 200))'")
            }
        }
    }

    /// Takes a line of protocol 0 or 1 before the first flush (gitprotocol-pack(5), "Packfile Negotiation").
    mutating func takeVersion0Want(_ line: String, limits: FetchLimits) throws(ProtocolError) {
        if let text = line.value(after: "want ") {
            if wants.isEmpty { takeCapabilities(Capabilities(text.dropFirst(40))) }
            try takeWant(String(text.prefix(40)), line, limits)
        } else if let text = line.value(after: "shallow ") {
            try takeShallow(text, line, limits)
        } else if let text = line.value(after: "filter ") {
            guard capabilities.contains("filter") else {
                throw ProtocolError("git upload-pack: filtering capability not negotiated")
            }
            filter = try FilterSpecification.parse(text)
        } else if try !deepening.take(line) {
            throw ProtocolError(
                "git upload-pack: protocol error, expected to get object ID, not '\(ShownText.of(line, limit: 200))'")
        }
    }

    /// Takes a line of protocol 0 or 1 after the first flush.
    mutating func takeVersion0Have(_ line: String, limits: FetchLimits) throws(ProtocolError) {
        if let text = line.value(after: "have ") {
            try takeHave(text, line, limits)
        } else if line == "done" {
            isDone = true
        } else {
            throw ProtocolError("git upload-pack: expected SHA1 list, got '\(ShownText.of(line, limit: 200))'")
        }
    }

    private mutating func takeCapabilities(_ words: Capabilities) {
        capabilities = words
        wantsProgress = !words.contains("no-progress")
        includesTags = words.contains("include-tag")
        deepening.isRelative = words.contains("deepen-relative")
        isThin = words.contains("thin-pack")
        usesOffsetDeltas = words.contains("ofs-delta")
    }

    private mutating func takeWant(_ text: String, _ line: String, _ limits: FetchLimits) throws(ProtocolError) {
        guard wants.count < limits.wants else {
            throw ProtocolError("more than \(limits.wants) objects asked for at once; fetch fewer refs at a time")
        }
        wants.append(try Self.objectID(text, line))
    }

    private mutating func takeHave(_ text: String, _ line: String, _ limits: FetchLimits) throws(ProtocolError) {
        guard steps.count < limits.haves else {
            throw ProtocolError("more than \(limits.haves) commits named at once; clone the repository anew")
        }
        steps.append(.have(try Self.objectID(text, line)))
    }

    private mutating func takeShallow(_ text: String, _ line: String, _ limits: FetchLimits) throws(ProtocolError) {
        guard clientShallow.count < limits.haves else {
            throw ProtocolError("more than \(limits.haves) shallow commits named at once; clone the repository anew")
        }
        clientShallow.insert(try Self.objectID(text, line))
    }

    static func objectID(_ text: String, _ line: String) throws(ProtocolError) -> ObjectID {
        guard let id = ObjectID(text) else {
            throw ProtocolError("git upload-pack: invalid object id in '\(ShownText.of(line, limit: 200))'")
        }
        return id
    }
}
