import CLinux
import Glibc
import NIOCore

/// A socket that connections come in on, watched by one loop.
// Unchecked: everything that changes is touched by the loop's own thread only.
final class ListeningSocket: PollSource, @unchecked Sendable {
    /// Connections that are taken at once.
    private static let batch = 32
    private static let backlog: CInt = 4096
    /// Errors of the one connection that would have been next (accept(2)).
    private static let passing = [
        ECONNABORTED, EPERM, EPROTO, ENOPROTOOPT, ENETDOWN, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
        ETIMEDOUT,
    ]

    let loop: SocketLoop
    let address: SocketAddress
    private var descriptor: CInt
    private let waterMark: StreamChannel.WaterMark
    private let setUp: (StreamChannel) throws -> Void
    private var place: Int?

    /// Listens; connections wait until `begin`.
    /// - Parameters:
    ///   - isShared: others may listen on the same address (SO_REUSEPORT).
    ///   - awaitsData: a connection comes when its client has sent something, or said nothing for about a second
    ///     (tcp(7), `TCP_DEFER_ACCEPT`).
    ///   - setUp: adds the handlers of a connection, on the loop; what it throws ends the connection.
    init(
        _ address: SocketAddress, on loop: SocketLoop, isShared: Bool, awaitsData: Bool = false,
        waterMark: StreamChannel.WaterMark, setUp: @escaping (StreamChannel) throws -> Void
    ) throws {
        let family = CInt(address.protocol.rawValue)
        let descriptor = clinux_socket(family)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        do {
            try Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            try Self.set(descriptor, SOL_SOCKET, SO_REUSEPORT, isShared ? 1 : 0)
            // IPv4 as well, on "::".
            if family == AF_INET6 { try Self.set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            // Accepted connections have it from here.
            try Self.set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
            try Self.set(descriptor, CInt(IPPROTO_TCP), TCP_DEFER_ACCEPT, awaitsData ? 1 : 0)
            let isBound = address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) == 0 }
            guard isBound else { throw IOError(errnoCode: errno, reason: "bind") }
            guard listen(descriptor, Self.backlog) == 0 else { throw IOError(errnoCode: errno, reason: "listen") }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.address = SocketAddress(socket: descriptor, asks: getsockname) ?? address
        self.loop = loop
        self.waterMark = waterMark
        self.setUp = setUp
    }

    private static func set(_ descriptor: CInt, _ level: CInt, _ name: CInt, _ value: CInt) throws {
        var value = value
        guard setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw IOError(errnoCode: errno, reason: "setsockopt")
        }
    }

    /// Lets others listen on the same address from now on.
    func share() throws { try Self.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }

    /// Takes connections from now on.
    func begin() async throws {
        try await loop.submit {
            guard self.watch() else { throw IOError(errnoCode: errno, reason: "epoll_ctl") }
        }.get()
    }

    /// Listens no more when it returns.
    func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute {
                self.loopEnds()
                continuation.resume()
            }
        }
    }

    func loopEnds() {
        guard descriptor >= 0 else { return }
        if let place { loop.unwatch(place, descriptor) }
        place = nil
        Glibc.close(descriptor)
        descriptor = -1
    }

    private func watch() -> Bool {
        guard descriptor >= 0 else { return true }
        place = loop.watchListener(self, descriptor)
        return place != nil
    }

    /// How long nothing is accepted after an error: the socket stays readable, and without files or memory for a connection
    /// the next try would fail at once. `nil` for an error of one connection.
    static func pause(after code: CInt) -> TimeAmount? { passing.contains(code) ? nil : .seconds(1) }

    func ready(_ events: UInt32) {
        for _ in 0..<Self.batch where descriptor >= 0 {
            var (peer, size) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
            let accepted = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_accept(descriptor, $0, &size)
                }
            }
            guard accepted >= 0 else {
                let code = errno
                if code == EAGAIN { return }
                guard code != EINTR, let pause = Self.pause(after: code) else { continue }
                return stop(for: pause)
            }
            let channel = StreamChannel(accepted, remote: SocketAddress(peer), on: loop, waterMark: waterMark)
            channel.allowsHalfClosure = true
            do { try setUp(channel) } catch {
                channel.closeAll(error, nil)
                continue
            }
            channel.begin()
        }
    }

    private func stop(for pause: TimeAmount) {
        if let place { loop.unwatch(place, descriptor) }
        place = nil
        // What there was too little of may be lacking for this as well.
        _ = loop.scheduleTask(in: pause) { if !self.watch() { self.stop(for: pause) } }
    }
}
