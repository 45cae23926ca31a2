import Glibc
import NIOCore
import Testing

@testable import Router

/// Has a channel for itself and notes what it is told.
// Unchecked: what changes is touched by the loop's own thread only, or guarded.
final class ChannelProbe: SocketHandler, @unchecked Sendable {
    struct Seen: Sendable {
        var bytes: [UInt8] = []
        /// Bytes of memory that the last buffer holds.
        var capacity = 0
        var rounds = 0
        var inputEnds = 0
        var failures = 0
        var writability: [Bool] = []
        var ends = 0
        /// Calls after the one that should be the last.
        var late = 0
    }

    typealias Step = @Sendable (StreamChannel) -> Void

    let seen = Shared(Seen())
    let channel = Shared<StreamChannel?>(nil)
    /// Only on the loop.
    var reads: Bool
    private let onReceived: Step?
    private let onInputEnd: Step?
    private let onEnd: Step?

    init(reads: Bool = true, onReceived: Step? = nil, onInputEnd: Step? = nil, onEnd: Step? = nil) {
        self.reads = reads
        self.onReceived = onReceived
        self.onInputEnd = onInputEnd
        self.onEnd = onEnd
    }

    var text: String { String(decoding: seen.value.bytes, as: UTF8.self) }

    /// Runs on the channel's loop.
    func on<Value: Sendable>(_ body: @escaping @Sendable (StreamChannel) throws -> Value) throws -> Value {
        guard let channel = channel.value else { throw ChannelBench.DidNotHappen(what: "a channel") }
        return try channel.loop.submit { try body(channel) }.wait()
    }

    func attached(to channel: StreamChannel) { self.channel.update { $0 = channel } }

    func channelReceived(_ bytes: ByteBuffer) {
        note { seen in
            seen.bytes += Array(bytes.readableBytesView)
            seen.capacity = bytes.capacity
        }
        take(onReceived)
    }

    func receivedAll() { note { $0.rounds += 1 } }
    func mayRead() -> Bool { reads }

    func writabilityChanged() {
        let isWritable = channel.value?.isWritable ?? false
        note { $0.writability.append(isWritable) }
    }

    func inputEnded() {
        note { $0.inputEnds += 1 }
        take(onInputEnd)
    }

    func failed(_ error: any Error) { note { $0.failures += 1 } }

    func ended() {
        note { $0.ends += 1 }
        take(onEnd)
    }

    private func note(_ change: (inout Seen) -> Void) {
        seen.update { seen in
            if seen.ends > 0 { seen.late += 1 }
            change(&seen)
        }
    }

    private func take(_ step: Step?) {
        if let step, let channel = channel.value { step(channel) }
    }
}

/// Channels on a loop of their own.
enum ChannelBench {
    struct DidNotHappen: Error {
        let what: String
    }

    /// Blocks until `condition` holds.
    static func wait(for what: String, _ condition: () throws -> Bool) throws {
        for _ in 0..<30_000 {
            if try condition() { return }
            pause(milliseconds: 2)
        }
        throw DidNotHappen(what: what)
    }

    static func withLoop(_ body: (SocketLoop) async throws -> Void) async throws {
        let loop = try SocketLoop(name: "test-loop")
        do { try await body(loop) } catch {
            try? await loop.shutdownGracefully()
            throw error
        }
        try await loop.shutdownGracefully()
    }

    /// Runs blocking test code at the other end of a connection that `probe` has on its side. However it goes, the probe
    /// hears of the end once, and of nothing after it.
    static func run(
        _ probe: ChannelProbe, receiveBuffer: Int? = nil, _ body: @escaping @Sendable (RawConnection) throws -> Void
    ) async throws {
        try await withLoop { loop in
            let listener = try ListeningSocket(
                SocketAddress(ipAddress: "127.0.0.1", port: 0), on: loop, isShared: false, waterMark: .init(65_536)
            ) { $0.attach(probe) }
            try await listener.begin()
            let port = listener.address.port ?? 0
            try await onThread {
                let peer = try RawConnection(port: port, receiveBuffer: receiveBuffer)
                try ChannelBench.wait(for: "the connection") { probe.channel.value != nil }
                try body(peer)
            }
        }
        #expect(probe.seen.value.ends == 1)
        #expect(probe.seen.value.late == 0)
    }

    /// Connects from the loop. What is told goes into the list, behind "called" when the call was over by then.
    static func connect(
        to address: SocketAddress, on loop: SocketLoop, _ probe: ChannelProbe, within limit: TimeAmount = .hours(1),
        then: @escaping ChannelProbe.Step = { _ in }
    ) async throws -> Shared<[String]> {
        let told = Shared<[String]>([])
        try await loop.submit {
            ChannelBench.begin(address, loop, probe, limit, told, then)
            told.update { $0.append("called") }
        }.get()
        return told
    }

    /// The same from within the loop.
    static func begin(
        _ address: SocketAddress, _ loop: SocketLoop, _ probe: ChannelProbe, _ limit: TimeAmount,
        _ told: Shared<[String]>, _ then: @escaping ChannelProbe.Step
    ) {
        StreamChannel.connect(to: address, on: loop, waterMark: .init(65_536), within: limit) { channel in
            channel.attach(probe)
        } completion: { result in
            switch result {
            case .success(let channel):
                told.update { $0.append("connected") }
                then(channel)
            case .failure(let error): told.update { $0.append(ChannelBench.describe(error)) }
            }
        }
    }

    private static func describe(_ error: any Error) -> String {
        if let error = error as? IOError { return "error \(error.errnoCode)" }
        if let error = error as? ChannelError, case .connectTimeout = error { return "too late" }
        return "\(error)"
    }

    /// Writes, on the loop, until the kernel takes no more. Returns how many bytes that were.
    static func fill(_ channel: StreamChannel) -> Int {
        let block = ByteBuffer(repeating: 0x78, count: 1 << 20)
        var count = 0
        while channel.unsent == 0, channel.isActive {
            channel.write(block)
            channel.flush0()
            count += block.readableBytes
        }
        return count
    }

    /// A socket that is bound to a port of loopback, and the port.
    static func boundSocket() -> (CInt, port: Int) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port: 0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(descriptor, $0, size) }
        }
        return (descriptor, SocketAddress(socket: descriptor, asks: getsockname)?.port ?? 0)
    }
}
