import Glibc

/// A blocking socket on which a test says exactly which bytes go when. Used on one thread.
final class RawConnection {
    enum Failure: Error {
        case cannotConnect(Int32)
        case closed
        case timedOut
        case reset
        case malformed(String)
    }

    private(set) var descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32, timeout: Int = 20) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    convenience init(port: Int, receiveBuffer: Int? = nil) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer.map(Int32.init) {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = loopback(port: port)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw Failure.cannotConnect(code)
        }
        self.init(descriptor: descriptor)
    }

    deinit { close() }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Closes with RST.
    func reset() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Waits, without reading, until the other side has ended the connection for good. False after 20 s.
    func waitForReset() -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&entry, 1, 20_000) == 1 && Int32(entry.revents) & (POLLERR | POLLHUP) != 0
    }

    func closeOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw errno == EAGAIN ? Failure.timedOut : Failure.closed }
            sent += count
        }
    }

    /// Reads what there is, at most `count`; empty at the end.
    func readSome(_ count: Int = 65_536) throws -> [UInt8] {
        if !buffer.isEmpty {
            let part = Array(buffer.prefix(count))
            buffer.removeFirst(part.count)
            return part
        }
        var part = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &part, count, 0)
        guard received >= 0 else {
            throw errno == EAGAIN ? Failure.timedOut : errno == ECONNRESET ? Failure.reset : Failure.closed
        }
        return Array(part.prefix(received))
    }

    func read(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let part = try readSome(count - all.count)
            guard !part.isEmpty else { throw Failure.closed }
            all += part
        }
        return all
    }

    func readText(_ count: Int) throws -> String { String(decoding: try read(count), as: UTF8.self) }

    /// Everything until the other side closes.
    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let part = try readSome()
            if part.isEmpty { return all }
            all += part
        }
    }

    /// One line without its CR LF.
    func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = buffer[..<end]
                buffer.removeFirst(end + 1)
                guard line.last == 13 else { throw Failure.malformed("bare LF") }
                return String(decoding: line.dropLast(), as: UTF8.self)
            }
            var part = [UInt8](repeating: 0, count: 65_536)
            let received = recv(descriptor, &part, part.count, 0)
            guard received > 0 else {
                throw received == 0
                    ? Failure.closed : errno == EAGAIN ? .timedOut : errno == ECONNRESET ? .reset : .closed
            }
            buffer += part.prefix(received)
        }
    }

    /// Start line and fields up to the empty line.
    func readHead() throws -> RawHead {
        let line = try readLine()
        var fields: [(name: String, value: String)] = []
        while true {
            let line = try readLine()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields.append((String(line[..<colon]), String(value)))
        }
        return RawHead(line: line, fields: fields)
    }

    func readBody(_ head: RawHead) throws -> [UInt8] {
        if head["transfer-encoding"] == "chunked" { return try readChunks() }
        if let length = head["content-length"] { return try read(Int(length) ?? 0) }
        return []
    }

    /// Content of a chunked body, trailers dropped.
    func readChunks() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let line = try readLine()
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { throw Failure.malformed(line) }
            if size == 0 {
                while try !readLine().isEmpty {}
                return all
            }
            all += try read(size)
            guard try readLine().isEmpty else { throw Failure.malformed("chunk end") }
        }
    }

    /// A whole response that ends by its own framing, or with the connection.
    func readResponse(toHead: Bool = false) throws -> RawResponse {
        let head = try readHead()
        let status = Int(head.line.dropFirst(9).prefix(3)) ?? 0
        if toHead || status < 200 || status == 204 || status == 304 { return RawResponse(head: head, body: []) }
        if head["transfer-encoding"] == nil, head["content-length"] == nil {
            return RawResponse(head: head, body: try readToEnd())
        }
        return RawResponse(head: head, body: try readBody(head))
    }

    func get(_ path: String = "/", host: String = "app.localhost", extra: String = "") throws -> RawResponse {
        try write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(extra)\r\n")
        return try readResponse()
    }
}

struct RawHead: Sendable {
    let line: String
    let fields: [(name: String, value: String)]

    subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
    func all(_ name: String) -> [String] { fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value) }
}

struct RawResponse: Sendable {
    let head: RawHead
    let body: [UInt8]

    var status: Int { Int(head.line.dropFirst(9).prefix(3)) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }
    subscript(_ name: String) -> String? { head[name] }
}

func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
