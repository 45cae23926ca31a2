import Git

/// Reads what a fetcher asks for, packet by packet, so that a long request takes no more memory than what it says.
struct UploadRequestParser {
    /// What is asked for.
    enum Request: Sendable, Equatable {
        /// Nothing: a lone flush, which some clients send to see whether they are let in.
        case none
        case list(ReferenceList)
        case fetch(FetchRequest)
        case info(ObjectInfoRequest)
    }

    private enum Stage { case head, arguments, complete }

    private let version: GitProtocolVersion
    private let limits: FetchLimits
    private var stage = Stage.head
    private var command: String?
    private var request = Request.none
    private var fetch: FetchRequest
    private var hasCapability = false

    init(version: GitProtocolVersion, limits: FetchLimits = FetchLimits()) {
        self.version = version
        self.limits = limits
        fetch = version == .v2 ? .version2 : FetchRequest()
        fetch.time = limits.time
    }

    /// Takes the next packet. What follows a complete request is passed over.
    mutating func take(_ packet: Packet) throws(ProtocolError) {
        guard stage != .complete else { return }
        if version == .v2 { try takeVersion2(packet) } else { try takeVersion0(packet) }
    }

    /// The request, once the body has ended.
    mutating func finish() throws(ProtocolError) -> Request {
        if version == .v2 {
            guard stage != .arguments else { throw ProtocolError("the request ends early") }
            return request
        }
        guard fetch.capabilities.isKnownFormat else { throw ProtocolError("this repository uses sha1") }
        return fetch.wants.isEmpty ? .none : .fetch(fetch)
    }

    private mutating func takeVersion0(_ packet: Packet) throws(ProtocolError) {
        guard case .data = packet else {
            guard packet == .flush else { throw ProtocolError("unexpected packet") }
            // A stateless server answers at the first flush after the wants.
            if stage == .arguments { fetch.steps.append(.flush) }
            stage = stage == .arguments || fetch.wants.isEmpty ? .complete : .arguments
            return
        }
        guard let line = packet.line else { throw ProtocolError("a line is not UTF-8") }
        guard stage == .arguments else { return try fetch.takeVersion0Want(line, limits: limits) }
        try fetch.takeVersion0Have(line, limits: limits)
        if fetch.isDone { stage = .complete }
    }

    /// gitprotocol-v2(5), "Command Request".
    private mutating func takeVersion2(_ packet: Packet) throws(ProtocolError) {
        switch (packet, stage) {
        case (.responseEnd, _): throw ProtocolError("unexpected response end packet")
        case (.delimiter, .head):
            try begin()
            stage = .arguments
        case (.delimiter, _): throw ProtocolError("unexpected delimiter packet")
        case (.flush, .head):
            if command != nil { try begin() }
            try close()
        case (.flush, _): try close()
        case (.data, .head):
            guard let line = packet.line else { throw ProtocolError("a line is not UTF-8") }
            try takeCapability(line)
        case (.data, _):
            guard let line = packet.line else { throw ProtocolError("a line is not UTF-8") }
            try takeArgument(line)
        }
    }

    private mutating func takeCapability(_ line: String) throws(ProtocolError) {
        hasCapability = true
        if let name = line.value(after: "command=") {
            guard command == nil else {
                throw ProtocolError(
                    "command '\(ShownText.of(name, limit: 100))' requested after already requesting command "
                        + "'\(ShownText.of(command ?? "", limit: 100))'")
            }
            guard ["ls-refs", "fetch", "object-info"].contains(name) else {
                throw ProtocolError("invalid command '\(ShownText.of(name, limit: 100))'")
            }
            command = name
        } else if let format = line.value(after: "object-format=") {
            guard format == "sha1" else {
                throw ProtocolError("mismatched object format: server sha1; client \(ShownText.of(format, limit: 40))")
            }
        } else if line.value(after: "agent=") == nil, line.value(after: "server-option=") == nil {
            throw ProtocolError("unknown capability '\(ShownText.of(line, limit: 100))'")
        }
    }

    /// The head is over: from here on the command's own arguments follow.
    private mutating func begin() throws(ProtocolError) {
        switch command {
        case "ls-refs": request = .list(ReferenceList())
        case "object-info": request = .info(ObjectInfoRequest())
        case "fetch": request = .fetch(fetch)
        default: throw ProtocolError("no command requested")
        }
    }

    private mutating func takeArgument(_ line: String) throws(ProtocolError) {
        switch command {
        case "ls-refs":
            guard case .list(var list) = request else { return }
            request = .none
            try list.take(line)
            request = .list(list)
        case "object-info":
            guard case .info(var info) = request else { return }
            request = .none
            try info.take(line, limits: limits)
            request = .info(info)
        default: try fetch.takeVersion2(line, limits: limits)
        }
    }

    private mutating func close() throws(ProtocolError) {
        if command == nil, hasCapability { throw ProtocolError("no command requested") }
        if command == "fetch" { request = .fetch(fetch) }
        stage = .complete
    }
}
