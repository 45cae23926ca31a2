import Foundation

/// An answer to a request.
package struct HTTPAnswer: Sendable {
    package let status: Int
    /// By lower-case name; the last one wins.
    package let headers: [String: String]
    package let body: Data

    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why a request got no answer.
package struct HTTPFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A plain HTTP/1.1 connection to 127.0.0.1 that hides nothing: no retry, no pool, no redirect. Blocking; stays on the
/// thread that made it.
package final class HTTPConnection {
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    package init(port: Int, timeout: Int = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HTTPFailure(description: "socket: \(Self.reason)") }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let reason = Self.reason
            close(descriptor)
            descriptor = -1
            throw HTTPFailure(description: "connect: \(reason)")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sends a request and reads its answer. After `connection: close` the connection is of no more use.
    package func request(
        _ method: String = "GET", host: String, path: String = "/", headers: [(String, String)] = [], body: Data? = nil
    ) throws -> HTTPAnswer {
        let (status, fields) = try ask(method, host: host, path: path, headers: headers, body: body)
        let content: [UInt8]
        if method == "HEAD" || status == 204 || status == 304 {
            content = []
        } else if fields["transfer-encoding"]?.lowercased() == "chunked" {
            content = try readChunks()
        } else if let length = fields["content-length"].flatMap({ Int($0) }) {
            content = try take(length)
        } else {
            while try fill() {}
            content = buffer
            buffer = []
        }
        return HTTPAnswer(status: status, headers: fields, body: Data(content))
    }

    /// Sends a GET and reads the head of its answer. The body, which must come in chunks, is left to `nextChunk`.
    package func open(host: String, path: String, headers: [(String, String)] = []) throws -> HTTPAnswer {
        let (status, fields) = try ask("GET", host: host, path: path, headers: headers, body: nil)
        return HTTPAnswer(status: status, headers: fields, body: Data())
    }

    /// The next piece of a body that comes in chunks; `nil` at its end.
    package func nextChunk() throws -> Data? {
        let line = try readLine()
        guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
            throw HTTPFailure(description: "not a chunk size: \(line)")
        }
        guard size > 0 else {
            _ = try readLines()
            return nil
        }
        let content = try take(size)
        _ = try take(2)
        return Data(content)
    }

    /// Sends a request and reads the head of the final answer.
    private func ask(
        _ method: String, host: String, path: String, headers: [(String, String)], body: Data?
    ) throws -> (Int, [String: String]) {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try write(Array((head + "\r\n").utf8) + (body ?? Data()))
        var (status, fields) = try readHead()
        while (100..<200).contains(status) { (status, fields) = try readHead() }
        return (status, fields)
    }

    private func readHead() throws -> (Int, [String: String]) {
        let lines = try readLines()
        let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw HTTPFailure(description: "not an answer: \(lines.first ?? "")")
        }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return (status, fields)
    }

    /// Lines up to an empty one.
    private func readLines() throws -> [String] {
        var lines: [String] = []
        while true {
            let line = try readLine()
            if line.isEmpty { return lines }
            lines.append(line)
        }
    }

    private func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            guard try fill() else { throw HTTPFailure(description: "closed before the answer's head was complete") }
        }
    }

    private func readChunks() throws -> [UInt8] {
        var content: [UInt8] = []
        while let chunk = try nextChunk() { content += chunk }
        return content
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw HTTPFailure(description: "closed \(count - buffer.count) bytes too early") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads once; false at the end of the stream.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw HTTPFailure(description: "recv: \(Self.reason)") }
        buffer += chunk[..<count]
        return count > 0
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw HTTPFailure(description: "send: \(Self.reason)") }
            sent += count
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
