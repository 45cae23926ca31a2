import Core
import Foundation
import Glibc
import NIOCore
import Router
import Synchronization

/// A real server on a loopback port or a Unix socket, whose behaviour towards each connection is a closure on a thread.
final class StubUpstream: Sendable {
    let id = ID<Instance>()
    let port: Int
    let path: String?
    private let listener: Int32
    private let open = Mutex<Set<Int32>>([])
    private let accepted = Mutex(0)
    private let heads = Mutex<[RawHead]>([])
    private let isClosed = Mutex(false)

    /// - Parameter path: of a Unix socket; a TCP port otherwise.
    init(path: String? = nil, _ behaviour: @escaping @Sendable (RawConnection) throws -> Void) throws {
        let (descriptor, port) = path.map { (Self.socket(path: $0), 0) } ?? Self.socket()
        self.path = path
        self.port = port
        listener = descriptor
        guard listen(descriptor, 1024) == 0 else { throw RawConnection.Failure.cannotConnect(errno) }
        let thread = Thread { self.acceptAll(behaviour) }
        thread.start()
    }

    /// Answers every request on a kept connection.
    static func answering(
        path: String? = nil, _ answer: @escaping @Sendable (RawHead, [UInt8]) -> String
    ) throws -> StubUpstream {
        try StubUpstream(path: path) { connection in
            while true {
                let head = try connection.readHead()
                let body = try connection.readBody(head)
                try connection.write(answer(head, body))
            }
        }
    }

    static func saying(_ text: String) throws -> StubUpstream {
        try answering { _, _ in "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)" }
    }

    var target: RouteTarget {
        if let path { return .service(name: "stub", socketPath: path) }
        return .instance(InstanceEndpoint(id: id, host: "127.0.0.1", port: port))
    }

    /// Connections accepted so far.
    var connections: Int { accepted.withLock { $0 } }
    /// Connections whose behaviour has not ended.
    var openConnections: Int { open.withLock { $0.count } }

    /// Stops listening and resets what is open.
    func close() {
        let wasClosed = isClosed.withLock { closed in
            defer { closed = true }
            return closed
        }
        guard !wasClosed else { return }
        // Whoever accepts closes it: its number must not be another's while that thread may still use it.
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        if let path { unlink(path) }
    }

    private static func socket(path: String) -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return descriptor
    }

    private static func socket() -> (Int32, port: Int) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                getsockname(descriptor, $0, &length)
            }
        }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }

    private func acceptAll(_ behaviour: @escaping @Sendable (RawConnection) throws -> Void) {
        defer { Glibc.close(listener) }
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            accepted.withLock { $0 += 1 }
            _ = open.withLock { $0.insert(descriptor) }
            let thread = Thread {
                let connection = RawConnection(descriptor: descriptor)
                try? behaviour(connection)
                _ = self.open.withLock { $0.remove(descriptor) }
                connection.close()
            }
            thread.stackSize = 512 * 1024
            thread.start()
        }
    }
}
