import Core
import Hummingbird
import NIOCore

/// How much of a request is taken.
struct BodySize: Sendable {
    /// Bytes, as sent and as inflated.
    let bytes: Int
    /// Bytes that one compressed byte may come to, beyond the first mebibyte.
    let inflationRatio: Int
}

/// Reads a request's body: inflated when it was sent compressed, as packets and as what follows them, under a limit that
/// counts both the bytes sent and the bytes inflated.
struct BodyReader: ~Copyable {
    private var iterator: RequestBody.AsyncIterator
    private var inflater: Inflater?
    private let limit: BodySize
    private let watch: BodyWatch
    private var sent = 0
    private var inflated = 0
    private var parser = PacketParser()

    init(_ request: Request, limit: BodySize, watch: BodyWatch) throws(PlatformError) {
        watch.open()
        iterator = request.body.makeAsyncIterator()
        self.limit = limit
        self.watch = watch
        switch request.headers[.contentEncoding]?.lowercased() {
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
    mutating func discard(_ limit: Int? = nil) async -> Bool {
        var count = 0
        while count <= limit ?? self.limit.bytes {
            guard let buffer = try? await next() else { return watch.isComplete }
            count += buffer.readableBytes
        }
        return false
    }

    /// Reads on for a while after a refusal.
    mutating func drain() async { if !watch.isComplete { _ = await discard(watch.limits.unreadBytes) } }

    private mutating func next() async throws(PlatformError) -> ByteBuffer? {
        watch.beginWait()
        let buffer: ByteBuffer?
        do {
            buffer = try await iterator.next()
        } catch {
            watch.endWait(bytes: 0)
            throw watch.failure
                ?? PlatformError(.cancelled, "the request was broken off", cause: String(describing: error))
        }
        watch.endWait(bytes: buffer?.readableBytes ?? 0)
        if buffer == nil {
            // A task that is stopped sees the end of the body too.
            if let failure = watch.failure { throw failure }
            guard !Task.isCancelled else { throw PlatformError(.cancelled, "the request was broken off") }
            watch.complete()
        }
        return buffer
    }

    private mutating func chunk() async throws(PlatformError) -> [UInt8]? {
        while true {
            guard let buffer = try await next() else {
                if let isComplete = inflater?.isComplete, !isComplete, sent > 0 {
                    throw .invalid("the compressed request ends early")
                }
                return nil
            }
            sent += buffer.readableBytes
            guard sent <= limit.bytes else { throw tooLarge }
            let bytes = Array(buffer.readableBytesView)
            let output = inflater == nil ? bytes : try inflate(bytes)
            if !output.isEmpty { return output }
        }
    }

    private mutating func inflate(_ bytes: [UInt8]) throws(PlatformError) -> [UInt8] {
        var output: [UInt8] = []
        let (product, isOverflow) = sent.multipliedReportingOverflow(by: limit.inflationRatio)
        let allowed = isOverflow ? Int.max : product &+ (1 << 20)
        let room = min(limit.bytes, max(allowed, 0)) - inflated
        do throws(Inflater.Failure) {
            try inflater?.inflate(bytes) { part in
                output += part
                return output.count <= room
            }
        } catch {
            throw .invalid("the compressed request is damaged")
        }
        inflated += output.count
        guard inflated <= limit.bytes else { throw tooLarge }
        guard inflated <= allowed else {
            throw PlatformError(
                .tooLarge,
                "the compressed request comes to more than \(limit.inflationRatio) times its size; send it as it is")
        }
        return output
    }

    private var tooLarge: PlatformError {
        let size = limit.bytes >= 1 << 20 ? "\(limit.bytes >> 20) MiB" : "\(limit.bytes) bytes"
        return PlatformError(.tooLarge, "the request is larger than \(size); push or fetch less at once")
    }
}
