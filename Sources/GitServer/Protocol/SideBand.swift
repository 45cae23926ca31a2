import NIOCore

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

    /// Bytes of data that one packet carries.
    var maximumData: Int { self == .small ? 995 : 65_515 }

    /// What a packet of `count` bytes of data begins with.
    func head(of count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        PktLine.appendLength(count + 5, to: &bytes)
        bytes.append(Channel.data.rawValue)
        return bytes
    }

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

    /// Fills `buffer` with up to about `count` bytes of data packets, whose data `read` copies to where it is told.
    /// - Parameters:
    ///   - available: bytes of data that there are.
    ///   - read: returns how many bytes it copied; fewer than there is room for only at the end.
    func fill<Failure: Error>(
        _ buffer: inout ByteBuffer, count: Int, available: Int,
        _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let head = self == .none ? 0 : 5
        var available = available
        repeat {
            let size = max(1, min(self == .none ? count : maximumData, available))
            available -= size
            var failure: Failure?
            let written = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: head + size) { target -> Int in
                let data = UnsafeMutableRawBufferPointer(rebasing: target[head..<head + size])
                do throws(Failure) {
                    let filled = try read(data)
                    guard filled > 0 else { return 0 }
                    if head > 0 {
                        target.copyBytes(from: self.head(of: filled))
                    }
                    return head + filled
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if written < head + size { return }
        } while available > 0 && buffer.readableBytes + head + maximumData <= count
    }

    /// A packet that says nothing, to keep the connection alive; empty without multiplexing.
    var keepalive: [UInt8] {
        guard self != .none else { return [] }
        return Array("0005".utf8) + [Channel.message.rawValue]
    }

    /// What ends the response; empty without multiplexing.
    var end: [UInt8] { self == .none ? [] : PktLine.flush }
}
