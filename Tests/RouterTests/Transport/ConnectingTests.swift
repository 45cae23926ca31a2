import Glibc
import NIOCore
import Testing

@testable import Router

@Suite struct ConnectingTests {
    @Test func aConnectionThatIsRefusedIsSaidToBeAfterTheCall() async throws {
        let (descriptor, port) = ChannelBench.boundSocket()
        defer { close(descriptor) }
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let told = try await ChannelBench.connect(
                to: SocketAddress(ipAddress: "127.0.0.1", port: port), on: loop, probe)
            try await eventually("an outcome") { told.value.count == 2 }
            #expect(told.value == ["called", "error \(ECONNREFUSED)"])
        }
        #expect(probe.seen.value.ends == 1)
    }

    /// The kernel says so within the call.
    @Test func aSocketThatIsNotThereIsSaidToBeSoAfterTheCall() async throws {
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let told = try await ChannelBench.connect(
                to: SocketAddress(unixDomainSocketPath: "/nonexistent/upstream.sock"), on: loop, probe)
            try await eventually("an outcome") { told.value.count == 2 }
            #expect(told.value == ["called", "error \(ENOENT)"])
        }
        #expect(probe.seen.value.ends == 1)
    }

    /// The queue of who listens is full, so that the kernel answers nothing.
    @Test func aConnectionThatNobodyTakesEndsByItsTime() async throws {
        let (descriptor, port) = ChannelBench.boundSocket()
        defer { close(descriptor) }
        #expect(listen(descriptor, 0) == 0)
        let first = try RawConnection(port: port)
        defer { first.close() }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 20_000) == 1)
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let told = try await ChannelBench.connect(
                to: SocketAddress(ipAddress: "127.0.0.1", port: port), on: loop, probe, within: .milliseconds(50))
            try await eventually("an outcome") { told.value.count == 2 }
            #expect(told.value == ["called", "too late"])
        }
        #expect(probe.seen.value.ends == 1)
    }

    @Test func whatIsSaidAtOnceAndTheEndBehindItAreRead() async throws {
        let stub = try StubUpstream { try $0.write("hello") }
        defer { stub.close() }
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let told = try await ChannelBench.connect(
                to: SocketAddress(ipAddress: "127.0.0.1", port: stub.port), on: loop, probe)
            try await eventually("the end") { probe.seen.value.ends == 1 }
            #expect(told.value == ["called", "connected"])
            #expect(probe.text == "hello")
            // Nobody asked for half closure.
            #expect(probe.seen.value.inputEnds == 0)
        }
    }

    @Test func aConnectionMayBeClosedAsSoonAsItStands() async throws {
        let stub = try StubUpstream { try $0.write("hello") }
        defer { stub.close() }
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let told = try await ChannelBench.connect(
                to: SocketAddress(ipAddress: "127.0.0.1", port: stub.port), on: loop, probe
            ) { $0.closeNow() }
            try await eventually("the end") { probe.seen.value.ends == 1 }
            #expect(told.value == ["called", "connected"])
            #expect(probe.seen.value.bytes.isEmpty)
        }
    }
}
