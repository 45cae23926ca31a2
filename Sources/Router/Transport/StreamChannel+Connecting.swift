import CLinux
import Glibc
import NIOCore

/// Connecting to an upstream.
extension StreamChannel {
    /// Opens a connection. `completion` comes later, never within this call: with the channel when the connection stands, or
    /// with an `IOError` or `ChannelError.connectTimeout`.
    /// - Parameter setUp: adds the handlers.
    static func connect(
        to address: SocketAddress, on loop: SocketLoop, waterMark: WaterMark, within limit: TimeAmount,
        setUp: (StreamChannel) throws -> Void,
        completion: @escaping (Result<StreamChannel, any Error>) -> Void
    ) {
        let family = CInt(address.protocol.rawValue)
        let descriptor = clinux_socket(family)
        guard descriptor >= 0 else {
            let error = IOError(errnoCode: errno, reason: "socket")
            return loop.later { completion(.failure(error)) }
        }
        let channel = StreamChannel(
            descriptor, remote: address, on: loop, waterMark: waterMark, state: .connecting)
        do {
            if family != AF_UNIX { try channel.setOption0(IPPROTO_TCP, TCP_NODELAY, 1) }
            try setUp(channel)
            try channel.connect(to: address)
        } catch {
            channel.closeAll(error, nil)
            return loop.later { completion(.failure(error)) }
        }
        // What cannot be watched closes within this call.
        channel.connected = { result in loop.later { completion(result) } }
        guard channel.watch() else { return }
        channel.connected = completion
        channel.connectTimer = loop.assumeIsolated().scheduleTask(in: limit) {
            // Cancelled when there is an outcome, and the channel is let go with it. A weak reference would make every
            // look at the channel slower for as long as it lives.
            channel.closeAll(ChannelError.connectTimeout(limit), nil)
        }
    }

    private func connect(to address: SocketAddress) throws {
        let code = address.withSockAddr { pointer, size -> CInt in
            while Glibc.connect(descriptor, pointer, socklen_t(size)) != 0 {
                if errno != EINTR { return errno }
            }
            return 0
        }
        // A connection that stands at once is told by its first event like any other.
        guard code == 0 || code == EINPROGRESS else { throw IOError(errnoCode: code, reason: "connect") }
    }

    /// The kernel has an outcome. True when the connection stands.
    func finishConnecting() -> Bool {
        var (code, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
            closeAll(IOError(errnoCode: code == 0 ? errno : code, reason: "connect"), nil)
            return false
        }
        connectTimer?.cancel()
        connectTimer = nil
        let connected = connected
        self.connected = nil
        state = .active
        connected?(.success(self))
        if state == .active { becomeActive() }
        return state == .active
    }
}
