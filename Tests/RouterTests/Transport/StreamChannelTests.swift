import Glibc
import NIOCore
import Testing

@testable import Router

/// Over real sockets of loopback, accepted by a `ListeningSocket`.
@Suite struct StreamChannelTests {
    // MARK: - Reading

    @Test func whatThePeerSendsComesBeforeTheEndAndTheOtherDirectionGoesOn() async throws {
        let probe = ChannelProbe()
        try await ChannelBench.run(probe) { peer in
            try peer.write("hello")
            peer.closeOutput()
            try ChannelBench.wait(for: "the end of the input") { probe.seen.value.inputEnds == 1 }
            #expect(probe.text == "hello")
            #expect(probe.seen.value.ends == 0)
            try probe.on { channel in
                channel.write(ByteBuffer(string: "bye"))
                channel.flush0()
            }
            #expect(try peer.readText(3) == "bye")
            try probe.on { $0.closeNow() }
            #expect(try peer.readToEnd().isEmpty)
        }
        #expect(probe.seen.value.inputEnds == 1)
    }

    /// The kernel has told of the bytes already, and does not tell again.
    @Test func whatWasHeldBackComesWhenItIsReadOn() async throws {
        let probe = ChannelProbe(reads: false)
        try await ChannelBench.run(probe) { peer in
            try peer.write([UInt8](repeating: 1, count: 3000))
            try ChannelBench.wait(for: "the event") { try probe.on { $0.isReadable } }
            #expect(probe.seen.value.bytes.isEmpty)
            try probe.on { channel in
                probe.reads = true
                channel.read0()
            }
            try ChannelBench.wait(for: "the bytes") { probe.seen.value.bytes.count == 3000 }
            try peer.write("more")
            try ChannelBench.wait(for: "more") { probe.seen.value.bytes.count == 3004 }
        }
    }

    @Test func oneReadIsOneReadAndTheRestStaysHeld() async throws {
        let probe = ChannelProbe(reads: false)
        try await ChannelBench.run(probe) { peer in
            try peer.write([UInt8](repeating: 1, count: 5000))
            try ChannelBench.wait(for: "the event") { try probe.on { $0.isReadable } }
            try probe.on { $0.read0() }
            try ChannelBench.wait(for: "one read") { probe.seen.value.rounds > 0 }
            let isReadable = try probe.on { $0.isReadable }
            #expect(isReadable)
            #expect(probe.seen.value.rounds == 1)
            #expect(probe.seen.value.bytes.count == ReadSizes.minimum)
        }
    }

    @Test func whatCameBeforeTheEndIsReadThoughItIsHeldBack() async throws {
        let probe = ChannelProbe(reads: false)
        try await ChannelBench.run(probe) { peer in
            try peer.write([UInt8](repeating: 1, count: 50_000))
            peer.closeOutput()
            try ChannelBench.wait(for: "the end of the input") { probe.seen.value.inputEnds == 1 }
            #expect(probe.seen.value.bytes.count == 50_000)
        }
    }

    @Test func aResetIsHeardOfThoughNothingIsRead() async throws {
        let probe = ChannelProbe(reads: false)
        try await ChannelBench.run(probe) { peer in
            try peer.write("unread")
            try ChannelBench.wait(for: "the event") { try probe.on { $0.isReadable } }
            peer.reset()
            try ChannelBench.wait(for: "the end") { probe.seen.value.ends == 1 }
            #expect(probe.seen.value.inputEnds == 0)
        }
    }

    @Test func aLittleAfterMuchDoesNotHoldTheLargeBuffer() async throws {
        let probe = ChannelProbe()
        let count = 3 << 20
        try await ChannelBench.run(probe) { peer in
            try peer.write([UInt8](repeating: 2, count: count))
            try ChannelBench.wait(for: "much") { probe.seen.value.bytes.count == count }
            try peer.write("little")
            try ChannelBench.wait(for: "little") { probe.seen.value.bytes.count == count + 6 }
            #expect(String(decoding: probe.seen.value.bytes.suffix(6), as: UTF8.self) == "little")
            #expect(probe.seen.value.capacity <= 16 * 1024)
        }
    }

    // MARK: - Closing in the middle

    @Test func aHandlerMayCloseWhenItHasReceived() async throws {
        let probe = ChannelProbe(onReceived: { $0.closeNow() })
        try await ChannelBench.run(probe) { peer in
            try peer.write([UInt8](repeating: 1, count: 10_000))
            try ChannelBench.wait(for: "the end") { probe.seen.value.ends == 1 }
            #expect(probe.seen.value.rounds == 0)
        }
    }

    @Test func aHandlerMayCloseAtTheEndOfTheInput() async throws {
        let probe = ChannelProbe(onInputEnd: { $0.closeNow() })
        try await ChannelBench.run(probe) { peer in
            peer.closeOutput()
            #expect(try peer.readToEnd().isEmpty)
            try ChannelBench.wait(for: "the end") { probe.seen.value.ends == 1 }
        }
    }

    @Test func whatIsDoneWithAClosedChannelIsRefused() async throws {
        let outcome = Shared<[Bool]>([])
        let probe = ChannelProbe(onEnd: { channel in
            channel.write(ByteBuffer(string: "lost"))
            channel.flush0()
            channel.read0()
            channel.closeNow()
            channel.closeOutput()
            let promise = channel.loop.makePromise(of: Void.self)
            note(promise, outcome)
            channel.write(.byteBuffer(ByteBuffer(string: "lost")), promise)
        })
        try await ChannelBench.run(probe) { peer in
            try probe.on { $0.closeNow() }
            #expect(try peer.readToEnd().isEmpty)
        }
        #expect(outcome.value == [false])
    }

    /// Nothing of it may be left on a loop that has ended.
    @Test func whatIsOpenedWhileTheLoopEndsIsClosedAndSaidToBe() async throws {
        let (next, told) = (ChannelProbe(), Shared<[String]>([]))
        let nobody = try SocketAddress(ipAddress: "127.0.0.1", port: 9)
        let probe = ChannelProbe(onEnd: { ChannelBench.begin(nobody, $0.loop, next, .hours(1), told) { _ in } })
        try await ChannelBench.run(probe) { _ in }
        #expect(told.value.count == 1)
        #expect(next.seen.value.ends == 1)
    }

    // MARK: - Writing

    @Test func aChannelIsWritableAgainWhenItsPeerHasRead() async throws {
        let probe = ChannelProbe()
        try await ChannelBench.run(probe, receiveBuffer: 16_384) { peer in
            let (count, isWritable) = try probe.on { channel in
                let count = ChannelBench.fill(channel)
                channel.write(ByteBuffer(repeating: 0x79, count: 100_000))
                channel.flush0()
                return (count + 100_000, channel.isWritable)
            }
            #expect(!isWritable)
            try probe.on { $0.closeOutput() }
            let all = try peer.readToEnd()
            #expect(all.count == count)
            #expect(all.suffix(100_000).allSatisfy { $0 == 0x79 })
            let changes = probe.seen.value.writability
            #expect(changes.first == false && changes.last == true)
            #expect(zip(changes, changes.dropFirst()).allSatisfy { $0 != $1 })
        }
    }

    @Test func theOutputClosesWhenWhatWaitsIsSent() async throws {
        let probe = ChannelProbe()
        try await ChannelBench.run(probe, receiveBuffer: 16_384) { peer in
            let (count, isClosed) = try probe.on { channel in
                let count = ChannelBench.fill(channel)
                channel.closeOutput()
                channel.write(ByteBuffer(string: "too late"))
                return (count, channel.isOutputClosed)
            }
            #expect(!isClosed)
            #expect(try peer.readToEnd().count == count)
            try peer.write("still read")
            try ChannelBench.wait(for: "the other direction") { probe.text == "still read" }
        }
    }

    /// A WebSocket's client may stop sending while it still reads what the app said last.
    @Test func whoeverWaitsForTheLastByteIsToldAlsoWhenTheOutputCloses() async throws {
        let (probe, outcome) = (ChannelProbe(), Shared<[Bool]>([]))
        try await ChannelBench.run(probe, receiveBuffer: 16_384) { peer in
            let (count, waits) = try probe.on { channel in
                let count = ChannelBench.fill(channel)
                channel.closeOutput()
                let promise = channel.loop.makePromise(of: Void.self)
                note(promise, outcome)
                channel.write(.byteBuffer(ByteBuffer()), promise)
                channel.flush0()
                return (count, outcome.value.isEmpty)
            }
            #expect(waits)
            #expect(try peer.readToEnd().count == count)
            try ChannelBench.wait(for: "the promise") { outcome.value == [true] }
        }
    }

    @Test func promisesOfWhatIsNotSentFail() async throws {
        let (probe, outcome) = (ChannelProbe(), Shared<[Bool]>([]))
        try await ChannelBench.run(probe, receiveBuffer: 16_384) { _ in
            try probe.on { channel in
                _ = ChannelBench.fill(channel)
                let promise = channel.loop.makePromise(of: Void.self)
                note(promise, outcome)
                channel.write(.byteBuffer(ByteBuffer(string: "unsent")), promise)
                channel.closeNow()
            }
            #expect(outcome.value == [false])
        }
    }

    /// A call within a call for each would end the stack.
    @Test func whatIsWrittenWhenSomethingHasBeenSentDoesNotNest() async throws {
        let probe = ChannelProbe()
        try await ChannelBench.run(probe) { peer in
            try probe.on { sendNext(20_000, $0) }
            #expect(try peer.read(20_000).count == 20_000)
        }
    }

    /// The peer is well, and could go on sending for ever: what it has sent is not read to its end first.
    @Test func aFileThatCannotBeReadEndsTheChannelAtOnce() async throws {
        let (probe, outcome) = (ChannelProbe(reads: false), Shared<[Bool]>([]))
        try await ChannelBench.run(probe) { peer in
            try peer.write("unread")
            try ChannelBench.wait(for: "the event") { try probe.on { $0.isReadable } }
            try probe.on { channel in
                let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                let file = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
                try file.close()
                let promise = channel.loop.makePromise(of: Void.self)
                note(promise, outcome)
                channel.write(.fileRegion(FileRegion(fileHandle: file, readerIndex: 0, endIndex: 10)), promise)
                channel.flush0()
            }
            #expect(outcome.value == [false])
            #expect(probe.seen.value.ends == 1)
            #expect(probe.seen.value.bytes.isEmpty)
        }
    }
}

extension StreamChannelTests {
    /// The kernel has taken the connection: it comes with the first bytes, and after about a second also without any.
    @Test(arguments: [true, false])
    func aConnectionComesWithItsFirstBytesOrLater(_ speaks: Bool) async throws {
        let probe = ChannelProbe()
        try await ChannelBench.withLoop { loop in
            let listener = try ListeningSocket(
                SocketAddress(ipAddress: "127.0.0.1", port: 0), on: loop, isShared: false, awaitsData: true,
                waterMark: .init(65_536)
            ) { $0.attach(probe) }
            try await listener.begin()
            let port = listener.address.port ?? 0
            try await onThread {
                let begin = ContinuousClock.now
                let peer = try RawConnection(port: port)
                try loop.submit {}.wait()
                let isThere = probe.channel.value != nil
                // A machine that was busy for so long has seen the second pass.
                if ContinuousClock.now - begin < .milliseconds(500) { #expect(!isThere) }
                if speaks { try peer.write("a") }
                try ChannelBench.wait(for: "the connection") { probe.channel.value != nil }
                if !speaks { try peer.write("a") }
                try ChannelBench.wait(for: "what it says") { probe.text == "a" }
            }
        }
    }
}

/// Notes whether what was promised came.
private func note(_ promise: EventLoopPromise<Void>, _ outcome: Shared<[Bool]>) {
    promise.futureResult.whenComplete { result in
        let isFine = if case .success = result { true } else { false }
        outcome.update { $0.append(isFine) }
    }
}

private func sendNext(_ left: Int, _ channel: StreamChannel) {
    guard left > 0 else { return }
    let promise = channel.loop.makePromise(of: Void.self)
    promise.futureResult.whenSuccess { sendNext(left - 1, channel) }
    channel.write(.byteBuffer(ByteBuffer(bytes: [0x78])), promise)
    channel.flush0()
}
