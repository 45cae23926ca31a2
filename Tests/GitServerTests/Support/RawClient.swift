import Blocking
import Foundation
import Glibc
import TestSupport

/// A connection that sends what it is told to, whether that is HTTP or not.
struct RawClient: Sendable {
    enum Failure: Error { case connect }

    private static let pool = BlockingPool(label: "raw-clients", width: 8)
    private let descriptor: Int32

    /// What a request for one of git's services begins with.
    static func head(_ service: String, length: Int, fields: String = "") -> String {
        let token = Data("ann:\(RecordingGate.token)".utf8).base64EncodedString()
        return "POST /ann/site.git/\(service) HTTP/1.1\r\nHost: git.localhost\r\nAuthorization: Basic \(token)\r\n"
            + "Content-Type: application/x-\(service)-request\r\nContent-Length: \(length)\r\n\(fields)\r\n"
    }

    init(_ server: LiveGitServer) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(server.port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard status == 0 else { throw Failure.connect }
        // So that a server that never answers fails the test.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends all of it, unless the server has gone.
    func send(_ data: Data) async {
        let (descriptor, bytes) = (descriptor, [UInt8](data))
        await Self.pool.run { () throws(Never) in
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(
                        descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// Says that nothing more comes.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes the connection at once.
    func close() { Glibc.close(descriptor) }

    /// How many bytes come until the server ends the connection; no more than `limit` are waited for.
    func count(atMost limit: Int = .max) async -> Int {
        let descriptor = descriptor
        return await Self.pool.run { () throws(Never) in
            var (total, buffer) = (0, [UInt8](repeating: 0, count: 1 << 16))
            while total < limit {
                let count = recv(descriptor, &buffer, min(buffer.count, limit - total), 0)
                guard count > 0 else { break }
                total += count
            }
            return total
        }
    }

    /// All that the server says until it has said `end`, or ends the connection.
    func answer(until end: String? = nil) async -> String {
        let descriptor = descriptor
        return await Self.pool.run { () throws(Never) in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                bytes += buffer[..<count]
                if let end, String(decoding: bytes, as: UTF8.self).contains(end) { break }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
