import Git

/// What a push asks for: the part of the request before the pack.
struct PushRequest: Sendable, Equatable {
    /// One command: a ref that is to have another value.
    struct Command: Sendable, Equatable {
        /// As sent; git allows names that are not UTF-8.
        let rawName: [UInt8]
        /// What the client believes that the ref has; zero: it does not exist.
        let old: ObjectID
        /// Zero: it is deleted.
        let new: ObjectID

        /// `nil` when the name is not UTF-8.
        var name: String? { String(validating: rawName, as: UTF8.self) }
    }

    var commands: [Command] = []
    var capabilities = Capabilities()
    var options: [String] = []
    /// Where a shallow client's history ends.
    var shallow: Set<ObjectID> = []

    /// Whether a pack follows: it does unless nothing but deletions is asked for.
    var hasPack: Bool { commands.contains { !$0.new.isZero } }
    var isAtomic: Bool { capabilities.contains("atomic") }
    /// Whether the client wants the answer without waiting for deploys.
    var isDetached: Bool { options.contains("detach") }
    /// Whether commits that the client was not shown may be dropped: git sends no word of its `--force`.
    var isForced: Bool { options.contains("force") }
}

/// What one push may ask for.
struct PushLimits: Sendable {
    var commands = 20_000
    var nameBytes = 1024
    var options = 100
    var optionBytes = 64 << 10
}

/// Reads a push packet by packet (gitprotocol-pack(5), "Pushing Data To a Server").
struct PushRequestParser {
    private enum Stage { case commands, options, complete }

    private let limits: PushLimits
    private var optionBytes = 0
    private var stage = Stage.commands
    private(set) var request = PushRequest()

    init(_ limits: PushLimits) { self.limits = limits }

    var isComplete: Bool { stage == .complete }

    mutating func take(_ packet: Packet) throws(ProtocolError) {
        switch (stage, packet) {
        case (.commands, .flush):
            let hasOptions = request.capabilities.contains("push-options") && !request.commands.isEmpty
            stage = hasOptions ? .options : .complete
        case (.options, .flush): stage = .complete
        case (.commands, .data(let bytes)): try takeCommand(bytes)
        case (.options, .data):
            guard let option = packet.line else { throw ProtocolError("a push option is not UTF-8") }
            guard request.options.count < limits.options else {
                throw ProtocolError("more than \(limits.options) push options; leave some out")
            }
            optionBytes += option.utf8.count
            guard optionBytes <= limits.optionBytes else {
                throw ProtocolError("the push options are longer than \(limits.optionBytes) bytes; shorten them")
            }
            request.options.append(option)
        default: throw ProtocolError("unexpected packet")
        }
    }

    private mutating func takeCommand(_ bytes: [UInt8]) throws(ProtocolError) {
        var line = bytes[...]
        if let zero = line.firstIndex(of: 0) {
            if request.commands.isEmpty {
                let words = line[(zero + 1)...].prefix { $0 != UInt8(ascii: "\n") }
                request.capabilities = Capabilities(String(decoding: words, as: UTF8.self))
            }
            line = line[..<zero]
        }
        if line.last == UInt8(ascii: "\n") { line = line.dropLast() }
        if line.starts(with: "shallow ".utf8) { return try takeShallow(line.dropFirst(8)) }
        if line.elementsEqual("push-cert".utf8) {
            throw ProtocolError("signed pushes are not supported; push without --signed")
        }
        let space = UInt8(ascii: " ")
        guard line.count > 82, let old = ObjectID(hex: line.prefix(40)),
            let new = ObjectID(hex: line.dropFirst(41).prefix(40)), line[line.startIndex + 40] == space,
            line[line.startIndex + 81] == space
        else { throw ProtocolError("protocol error: expected old/new/ref") }
        guard request.commands.count < limits.commands else {
            throw ProtocolError("more than \(limits.commands) refs in one push; push them in several")
        }
        guard line.count - 82 <= limits.nameBytes else {
            throw ProtocolError("the name of a ref is longer than \(limits.nameBytes) bytes; give it a shorter one")
        }
        request.commands.append(PushRequest.Command(rawName: Array(line.dropFirst(82)), old: old, new: new))
    }

    private mutating func takeShallow(_ digits: ArraySlice<UInt8>) throws(ProtocolError) {
        guard let id = ObjectID(hex: digits) else { throw ProtocolError("protocol error: expected shallow sha") }
        request.shallow.insert(id)
    }
}
