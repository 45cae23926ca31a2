import Core
import Hummingbird
import NIOCore

/// Reads a request's body: inflated when it was sent compressed, as packets and as what follows them, under a limit that
/// counts both the bytes sent and the bytes inflated.
struct BodyReader: ~Copyable {
    private var iterator: RequestBody.AsyncIterator
    private var inflater: Inflater?
    private let limit: Int
    private var sent = 0
    private var inflated = 0
    private var parser = PacketParser()

    /// - Parameter encoding: the request's `Content-Encoding`.
    init(_ body: RequestBody, encoding: String?, limit: Int) throws(PlatformError) {
        iterator = body.makeAsyncIterator()
        self.limit = limit
        switch encoding?.lowercased() {
        case nil, "identity", "": inflater = nil
        case "gzip", "x-gzip":
            do { inflater = try Inflater() } catch { throw .internal("the request could not be read", cause: error) }
        default: throw PlatformError(.unsupported, "the content encoding is not supported")
        }
    }

    /// The next packet, `nil` at the body's end.
    mutating func packet() async throws(PlatformError) -> Packet? {
        while true {
            do throws(PacketParser.Failure) {
                if let packet = try parser.next() { return packet }
            } catch {
                throw .invalid("protocol error: bad line length character")
            }
            guard let bytes = try await chunk() else {
                guard parser.isEmpty else { throw .invalid("the request ends within a packet") }
                return nil
            }
            parser.append(bytes)
        }
    }

    /// All packets to the body's end.
    mutating func packets() async throws(PlatformError) -> [Packet] {
        var packets: [Packet] = []
        while let packet = try await packet() { packets.append(packet) }
        return packets
    }

    /// What follows the packets that were read, piece by piece; `nil` at the body's end.
    mutating func rest() async throws(PlatformError) -> [UInt8]? {
        guard parser.isEmpty else {
            defer { parser = PacketParser() }
            return Array(parser.rest)
        }
        return try await chunk()
    }

    /// Reads on to the body's end, or for another `limit` bytes at most, so that a client that sends before it reads
    /// comes to read the answer. False when more would follow.
    mutating func discard() async -> Bool {
        var count = 0
        while count <= limit {
            guard let buffer = try? await iterator.next() else { return true }
            count += buffer.readableBytes
        }
        return false
    }

    private mutating func chunk() async throws(PlatformError) -> [UInt8]? {
        while true {
            let buffer: ByteBuffer?
            do {
                buffer = try await iterator.next()
            } catch {
                throw PlatformError(.cancelled, "the request was broken off", cause: String(describing: error))
            }
            guard let buffer else {
                if let isComplete = inflater?.isComplete, !isComplete, sent > 0 {
                    throw .invalid("the compressed request ends early")
                }
                return nil
            }
            sent += buffer.readableBytes
            guard sent <= limit else { throw tooLarge }
            let bytes = Array(buffer.readableBytesView)
            let output = inflater == nil ? bytes : try inflate(bytes)
            if !output.isEmpty { return output }
        }
    }

    private mutating func inflate(_ bytes: [UInt8]) throws(PlatformError) -> [UInt8] {
        var output: [UInt8] = []
        let room = limit - inflated
        do throws(Inflater.Failure) {
            try inflater?.inflate(bytes) { part in
                output += part
                return output.count <= room
            }
        } catch {
            throw .invalid("the compressed request is damaged")
        }
        inflated += output.count
        guard inflated <= limit else { throw tooLarge }
        return output
    }

    private var tooLarge: PlatformError {
        let size = limit >= 1 << 20 ? "\(limit >> 20) MiB" : "\(limit) bytes"
        return PlatformError(.tooLarge, "the request is larger than \(size)")
    }
}
