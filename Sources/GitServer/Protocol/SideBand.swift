/// How a response carries the pack, messages and errors at once (gitprotocol-pack(5), "Packfile Data").
enum SideBand: Sendable {
    /// No multiplexing: the pack or report alone.
    case none
    /// Packets of up to 1000 bytes.
    case small
    /// Packets of up to 65520 bytes.
    case large

    enum Channel: UInt8, Sendable {
        case data = 1
        case message = 2
        case failure = 3
    }

    init(capabilities: Capabilities) {
        self = capabilities.contains("side-band-64k") ? .large : capabilities.contains("side-band") ? .small : .none
    }

    private var maximumData: Int { self == .small ? 995 : 65_515 }

    /// Appends `data` in as many packets as it takes. Without multiplexing only data is sent, as it is.
    func append(_ data: some Collection<UInt8>, on channel: Channel, to bytes: inout [UInt8]) {
        if self == .none {
            if channel == .data { bytes += data }
            return
        }
        var rest = data[...]
        while !rest.isEmpty {
            let part = rest.prefix(maximumData)
            PktLine.appendLength(part.count + 5, to: &bytes)
            bytes.append(channel.rawValue)
            bytes += part
            rest = rest.dropFirst(part.count)
        }
    }

    /// A packet that says nothing, to keep the connection alive; empty without multiplexing.
    var keepalive: [UInt8] {
        guard self != .none else { return [] }
        return Array("0005".utf8) + [Channel.message.rawValue]
    }

    /// What ends the response; empty without multiplexing.
    var end: [UInt8] { self == .none ? [] : PktLine.flush }
}
