import Glibc
import NIOCore

/// Options and addresses; and what NIO asks of a channel that ours has no use for.
extension StreamChannel {
    struct Options: NIOSynchronousChannelOptions {
        fileprivate let channel: StreamChannel

        func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
            switch (option, value) {
            case (is ChannelOptions.Types.AllowRemoteHalfClosureOption, let value as Bool):
                channel.allowsHalfClosure = value
            default: throw ChannelError.operationUnsupported
            }
        }

        func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
            let value: Any? =
                switch option {
                case is ChannelOptions.Types.AllowRemoteHalfClosureOption: channel.allowsHalfClosure
                case is ChannelOptions.Types.AutoReadOption: true
                case is ChannelOptions.Types.BufferedWritableBytesOption: channel.unsent
                default: nil
                }
            guard let value = value as? Option.Value else { throw ChannelError.operationUnsupported }
            return value
        }
    }

    var syncOptions: (any NIOSynchronousChannelOptions)? { Options(channel: self) }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        loop.submit { try Options(channel: self).setOption(option, value: value) }
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        loop.submit { try Options(channel: self).getOption(option) }
    }

    // MARK: - The socket's own

    /// Throws `IOError`.
    func setOption0(_ level: some BinaryInteger, _ name: CInt, _ value: CInt) throws {
        var value = value
        guard setsockopt(descriptor, CInt(level), name, &value, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw IOError(errnoCode: errno, reason: "setsockopt")
        }
    }

    /// Its close will be a reset: what is unsent is thrown away, and the peer cannot take it for a clean end.
    func resetWhenClosed() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Packets are sent when they are full, or when this is taken back (tcp(7), TCP_CORK).
    func holdBackPartialPackets(_ isOn: Bool) { try? setOption0(IPPROTO_TCP, TCP_CORK, isOn ? 1 : 0) }

    /// Whether the kernel has the peer's FIN or RST already (tcp(7), TCP_INFO).
    var isClosedByPeer: Bool {
        var (info, size) = (tcp_info(), socklen_t(MemoryLayout<tcp_info>.size))
        guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return false }
        return Int(info.tcpi_state) != Int(TCP_ESTABLISHED)
    }

    func localAddress0() throws -> SocketAddress {
        guard let address = SocketAddress(socket: descriptor, asks: getsockname) else {
            throw ChannelError.unknownLocalAddress
        }
        return address
    }

    func remoteAddress0() throws -> SocketAddress {
        guard let remoteAddress else { throw ChannelError.ioOnClosedChannel }
        return remoteAddress
    }

    // MARK: - Not of use here

    func register0(promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }

    func bind0(to address: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func connect0(to address: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}
}

extension SocketAddress {
    /// An address that the kernel has written; `nil` for families other than IPv4, IPv6 and Unix.
    init?(_ storage: sockaddr_storage) {
        let address: SocketAddress? = withUnsafeBytes(of: storage) { bytes in
            switch CInt(storage.ss_family) {
            case AF_INET: SocketAddress(bytes.load(as: sockaddr_in.self))
            case AF_INET6: SocketAddress(bytes.load(as: sockaddr_in6.self))
            case AF_UNIX: SocketAddress(bytes.load(as: sockaddr_un.self))
            default: nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// - Parameter asks: getsockname(2) or getpeername(2).
    init?(
        socket: CInt,
        asks: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) {
        var (storage, size) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { asks(socket, $0, &size) }
        }
        guard code == 0 else { return nil }
        self.init(storage)
    }
}
