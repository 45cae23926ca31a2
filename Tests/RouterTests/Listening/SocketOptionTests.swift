import Core
import Glibc
import Testing

@testable import Router

/// Options of the sockets that the router has in this very process.
@Suite struct SocketOptionTests {
    /// The option of the socket with these ports at its two ends; `nil` when there is no such socket.
    private static func option(_ level: Int32, _ name: Int32, local: Int? = nil, peer: Int) -> Int32? {
        for descriptor in Int32(3)..<65_536 {
            var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
            func port(_ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> Int?
            {
                length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let result = withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &length) }
                }
                return result == 0 ? Int(in_port_t(bigEndian: address.sin_port)) : nil
            }
            guard port({ getpeername($0, $1, $2) }) == peer else { continue }
            if let local, port({ getsockname($0, $1, $2) }) != local { continue }
            var (value, size) = (Int32(-1), socklen_t(MemoryLayout<Int32>.size))
            if getsockopt(descriptor, level, name, &value, &size) == 0 { return value }
        }
        return nil
    }

    @Test func smallWritesAreNotHeldBackAndNothingNeedsPrivileges() async throws {
        let stub = try StubUpstream.saying("x")
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let (routerPort, upstreamPort) = (router.port, stub.port)
            try await router.client { connection throws in
                _ = try connection.get()
                var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        _ = getsockname(connection.descriptor, $0, &length)
                    }
                }
                let client = Int(in_port_t(bigEndian: address.sin_port))
                for (local, peer) in [(routerPort, client), (nil, upstreamPort)] as [(Int?, Int)] {
                    #expect(Self.option(Int32(IPPROTO_TCP), TCP_NODELAY, local: local, peer: peer) == 1)
                    // Takes CAP_NET_ADMIN.
                    #expect(Self.option(SOL_SOCKET, SO_DEBUG, local: local, peer: peer) == 0)
                }
            }
        }
    }
}
