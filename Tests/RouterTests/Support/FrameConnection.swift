import NIOCore
import NIOHPACK

@testable import Router

/// A client that says exactly which HTTP/2 frames go when. Used on one thread.
final class FrameConnection {
    struct Frame {
        let kind: UInt8
        let flags: UInt8
        let stream: Int
        let payload: [UInt8]

        var endsStream: Bool { flags & 1 != 0 }
        /// Of RST_STREAM; of GOAWAY at offset 4.
        func code(at offset: Int = 0) -> Int { payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) } }
    }

    struct Response {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        var trailers: [String: String] = [:]
        /// Error code of the stream's end, when it was reset.
        var reset: Int?

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let raw: RawConnection
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())

    init(port: Int, settings: [(UInt16, UInt32)] = []) throws {
        raw = try RawConnection(port: port)
        try raw.write(HTTP2Frame.preface)
        var payload: [UInt8] = []
        for (name, value) in settings {
            payload += [UInt8(name >> 8), UInt8(name & 255)]
            payload += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
        }
        try send(4, payload)
    }

    func send(_ kind: UInt8, _ payload: [UInt8], flags: UInt8 = 0, stream: Int = 0) throws {
        let length = payload.count
        let header: [UInt8] =
            [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), kind, flags]
            + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) }
        try raw.write(header + payload)
    }

    func block(_ headers: [(String, String)]) throws -> [UInt8] {
        var buffer = ByteBuffer()
        try encoder.encode(headers: HPACKHeaders(headers), to: &buffer)
        return Array(buffer.readableBytesView)
    }

    static func get(_ path: String = "/", host: String = "app.localhost") -> [(String, String)] {
        [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", path)]
    }

    func request(_ stream: Int, _ headers: [(String, String)] = get(), endsStream: Bool = true) throws {
        try send(1, block(headers), flags: endsStream ? 5 : 4, stream: stream)
    }

    func window(_ stream: Int, _ increment: Int) throws {
        try send(8, (0..<4).map { UInt8(truncatingIfNeeded: increment >> (24 - 8 * $0)) }, stream: stream)
    }

    func next() throws -> Frame {
        let header = try raw.read(9)
        let length = header.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        let stream = header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return Frame(kind: header[3], flags: header[4], stream: stream, payload: length > 0 ? try raw.read(length) : [])
    }

    /// The next frame of a kind, the others thrown away.
    func next(_ kind: UInt8) throws -> Frame {
        while true {
            let frame = try next()
            if frame.kind == kind { return frame }
        }
    }

    /// Reads until the stream ends; windows are opened as data comes when `opens` says so.
    func response(_ stream: Int, opens: Bool = true) throws -> Response {
        var response = Response()
        while true {
            let frame = try next()
            if frame.kind == 7 { throw RawConnection.Failure.malformed("GOAWAY \(frame.code(at: 4))") }
            guard frame.stream == stream else { continue }
            switch frame.kind {
            case 0:
                response.body += frame.payload
                if opens, !frame.payload.isEmpty {
                    try window(0, frame.payload.count)
                    if !frame.endsStream { try window(stream, frame.payload.count) }
                }
            case 1:
                var buffer = ByteBuffer(bytes: frame.payload)
                let headers = try decoder.decodeHeaders(from: &buffer)
                if response.status >= 200 {
                    for (name, value, _) in headers { response.trailers[name] = value }
                } else {
                    for (name, value, _) in headers { response.headers[name] = value }
                    response.status = Int(response.headers[":status"] ?? "") ?? 0
                }
            case 3:
                response.reset = frame.code()
                return response
            default: break
            }
            if frame.endsStream, frame.kind <= 1 { return response }
        }
    }
}
