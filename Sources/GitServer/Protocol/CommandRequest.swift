import Git

/// A request of protocol 2: one command with its arguments (gitprotocol-v2(5), "Command Request").
struct CommandRequest: Sendable, Equatable {
    let command: String
    let arguments: [String]

    /// `nil` when the client sent nothing but a flush.
    init?(_ packets: [Packet]) throws(ProtocolError) {
        var command: String?
        var arguments: [String] = []
        var isPastDelimiter = false
        loop: for packet in packets {
            switch packet {
            case .flush: break loop
            case .responseEnd: throw ProtocolError("unexpected response end packet")
            case .delimiter:
                guard !isPastDelimiter else { throw ProtocolError("unexpected delimiter packet") }
                isPastDelimiter = true
            case .data:
                guard let line = packet.line else { throw ProtocolError("a line is not UTF-8") }
                if isPastDelimiter {
                    arguments.append(line)
                } else if let name = line.value(after: "command=") {
                    guard command == nil else { throw ProtocolError("two commands in one request") }
                    command = name
                } else if let format = line.value(after: "object-format="), format != "sha1" {
                    throw ProtocolError(
                        "mismatched object format: server sha1; client \(ShownText.of(format, limit: 40))")
                }
            }
        }
        guard let command else {
            if packets.allSatisfy({ $0 == .flush }) { return nil }
            throw ProtocolError("no command requested")
        }
        self.command = command
        self.arguments = arguments
    }
}

/// The answer to `ls-refs`.
struct ReferenceList {
    private var isPeeled = false
    private var showsTargets = false
    private var showsUnborn = false
    private var prefixes: [String] = []

    init(_ arguments: [String]) throws(ProtocolError) {
        for line in arguments {
            switch line {
            case "peel": isPeeled = true
            case "symrefs": showsTargets = true
            case "unborn": showsUnborn = true
            default:
                guard let prefix = line.value(after: "ref-prefix ") else {
                    throw ProtocolError("unexpected line: '\(ShownText.of(line, limit: 200))'")
                }
                prefixes.append(prefix)
            }
        }
        // So many are no filter any more (git's own bound).
        if prefixes.count >= 65_536 { prefixes = [] }
    }

    func response(_ snapshot: ReferenceSnapshot) -> [UInt8] {
        var bytes: [UInt8] = []
        if let head = snapshot.head, isWanted("HEAD") {
            if let id = snapshot.headID {
                PktLine.append(line: "\(id) HEAD" + (showsTargets ? " symref-target:\(head)" : ""), to: &bytes)
            } else if showsUnborn {
                PktLine.append(line: "unborn HEAD" + (showsTargets ? " symref-target:\(head)" : ""), to: &bytes)
            }
        }
        for reference in snapshot.references where isWanted(reference.name) {
            let peeled = isPeeled ? reference.peeled.map { " peeled:\($0)" } ?? "" : ""
            PktLine.append(line: "\(reference.id) \(reference.name)\(peeled)", to: &bytes)
        }
        return bytes + PktLine.flush
    }

    private func isWanted(_ name: String) -> Bool {
        prefixes.isEmpty || prefixes.contains { name.hasPrefix($0) }
    }
}
