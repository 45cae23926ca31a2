import Glibc
import NIOCore
import Testing

@testable import Router

@Suite struct LoopRecallsTests {
    @Test func aChannelIsCalledAfterOneToTwoMoments() async throws {
        try await ChannelBench.withLoop { loop in
            var recalls = LoopRecalls()
            #expect(recalls.isEmpty && recalls.due == nil)
            let channels = (0..<3).map { _ in
                StreamChannel(-1, remote: nil, on: loop, waterMark: .init(1), state: .closed)
            }
            recalls.add(channels[0])
            recalls.add(channels[1])
            let first = try #require(recalls.due)
            #expect(recalls.take(first - .nanoseconds(1)).isEmpty)
            #expect(recalls.take(first).isEmpty)
            recalls.add(channels[2])
            #expect(recalls.due == first + LoopRecalls.moment)
            #expect(recalls.take(first + LoopRecalls.moment).elementsEqual(channels[0..<2], by: ===))
            #expect(recalls.take(first + LoopRecalls.moment * 2).elementsEqual(channels[2...], by: ===))
            #expect(recalls.isEmpty)
        }
    }

    @Test func nobodyIsWaitedForWhenAllAreLetOff() async throws {
        try await ChannelBench.withLoop { loop in
            var recalls = LoopRecalls()
            recalls.add(StreamChannel(-1, remote: nil, on: loop, waterMark: .init(1), state: .closed))
            recalls.wanted -= 1
            #expect(recalls.due == nil)
        }
    }

    /// What came is told as all that there is once at once, and once more in a moment, unless something comes before.
    @Test func aChannelTellsOnceMoreInAMoment() async throws {
        let probe = ChannelProbe(onReceived: { $0.tellAgainSoon() })
        try await ChannelBench.run(probe) { peer in
            try peer.write("a")
            try ChannelBench.wait(for: "the second time") { probe.seen.value.rounds == 2 }
            pause(milliseconds: 50)
            #expect(probe.seen.value.rounds == 2)
        }
    }

    @Test func aChannelThatClosesIsNotCalled() async throws {
        let probe = ChannelProbe(onReceived: {
            $0.tellAgainSoon()
            $0.closeNow()
        })
        try await ChannelBench.run(probe) { peer in
            try peer.write("a")
            #expect(try peer.readToEnd().isEmpty)
            pause(milliseconds: 50)
        }
        #expect(probe.seen.value.rounds == 0)
    }
}
