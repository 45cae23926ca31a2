import NIOCore
import Testing

@testable import Router

@Suite struct SocketLoopTests {
    // MARK: - Jobs

    @Test func jobsFromOutsideRunInTheirOrder() async throws {
        let order = Shared<[Int]>([])
        try await ChannelBench.withLoop { loop in
            for number in 0..<1000 { loop.execute { order.update { $0.append(number) } } }
            try await loop.submit {}.get()
            #expect(order.value == Array(0..<1000))
        }
    }

    @Test func jobsFromInsideRunLaterAndInTheirOrder() async throws {
        let order = Shared<[String]>([])
        try await ChannelBench.withLoop { loop in
            try await loop.submit {
                loop.execute {
                    loop.execute { order.update { $0.append("third") } }
                    order.update { $0.append("first") }
                }
                loop.execute { order.update { $0.append("second") } }
                order.update { $0.append("outside") }
            }.get()
            try await eventually("the last") { order.value.count == 4 }
            #expect(order.value == ["outside", "first", "second", "third"])
        }
    }

    @Test func onlyItsOwnThreadIsInTheLoop() async throws {
        try await ChannelBench.withLoop { loop in
            #expect(!loop.inEventLoop)
            let isInside = try await loop.submit { loop.inEventLoop }.get()
            #expect(isInside)
            try await ChannelBench.withLoop { other in
                let isInside = try await other.submit { loop.inEventLoop }.get()
                #expect(!isInside)
            }
        }
    }

    @Test func whatAJobThrowsIsTheResult() async throws {
        try await ChannelBench.withLoop { loop in
            let result = loop.submit { () throws -> Int in throw ChannelError.eof }
            await #expect(throws: ChannelError.eof) { try await result.get() }
        }
    }

    @Test func jobsForQuietTimesRunWhenNothingElseIsReady() async throws {
        let order = Shared<[String]>([])
        try await ChannelBench.withLoop { loop in
            try await loop.submit {
                loop.whenQuiet { order.update { $0.append("quiet") } }
                loop.execute { loop.execute { order.update { $0.append("job of a job") } } }
            }.get()
            try await eventually("both") { order.value.count == 2 }
            #expect(order.value == ["job of a job", "quiet"])
        }
    }

    @Test func jobsForQuietTimesAlsoRunWhenTheLoopEnds() async throws {
        let hasRun = Shared(false)
        try await ChannelBench.withLoop { loop in
            loop.execute { loop.whenQuiet { hasRun.update { $0 = true } } }
        }
        #expect(hasRun.value)
    }

    // MARK: - Timers

    @Test func timersRunInTheOrderOfTheirTimes() async throws {
        let order = Shared<[Int]>([])
        try await ChannelBench.withLoop { loop in
            try await loop.submit {
                let now = NIODeadline.now()
                for milliseconds in [3, 1, 2, 1, 0] {
                    loop.scheduleTask(deadline: now + .milliseconds(Int64(milliseconds))) {
                        order.update { $0.append(milliseconds) }
                    }
                }
            }.get()
            try await eventually("all") { order.value.count == 5 }
            #expect(order.value == [0, 1, 1, 2, 3])
        }
    }

    @Test func aTimerFromOutsideWakesALoopThatSleeps() async throws {
        try await ChannelBench.withLoop { loop in
            try await loop.submit {}.get()
            let result = try await loop.scheduleTask(in: .milliseconds(1)) { 5 }.futureResult.get()
            #expect(result == 5)
        }
    }

    @Test func aTimerThatIsCancelledDoesNotRunAndSaysSo() async throws {
        let hasRun = Shared(false)
        try await ChannelBench.withLoop { loop in
            let scheduled = loop.scheduleTask(in: .hours(1)) { hasRun.update { $0 = true } }
            scheduled.cancel()
            await #expect(throws: EventLoopError.cancelled) { try await scheduled.futureResult.get() }
            try await loop.submit {
                let soon = loop.scheduleTask(deadline: .now()) { hasRun.update { $0 = true } }
                soon.cancel()
            }.get()
            try await loop.scheduleTask(in: .nanoseconds(1)) {}.futureResult.get()
            #expect(!hasRun.value)
        }
    }

    /// The loop hears of the end before it hears of the timer.
    @Test func aTimerMayBeCancelledBeforeTheLoopHasIt() async throws {
        let (scheduled, hasRun) = (Shared<Scheduled<Void>?>(nil), Shared(false))
        let (isInside, isScheduled) = (Gate(), Gate())
        try await ChannelBench.withLoop { loop in
            let job = loop.submit {
                isInside.open()
                isScheduled.wait()
                scheduled.value?.cancel()
            }
            try await onThread {
                isInside.wait()
                let timer = loop.scheduleTask(deadline: .now()) { hasRun.update { $0 = true } }
                scheduled.update { $0 = timer }
                isScheduled.open()
            }
            try await job.get()
            try await loop.scheduleTask(in: .nanoseconds(1)) {}.futureResult.get()
            #expect(!hasRun.value)
        }
    }

    // MARK: - The end

    @Test func afterTheEndEverythingFailsAndNothingHangs() async throws {
        let loop = try SocketLoop(name: "test-end")
        let waiting = loop.scheduleTask(in: .hours(1)) {}
        let done = loop.submit { 5 }
        try await loop.shutdownGracefully()
        await #expect(throws: EventLoopError.shutdown) { try await waiting.futureResult.get() }
        let refused = loop.submit {}
        await #expect(throws: EventLoopError.shutdown) { try await refused.get() }
        let late = loop.scheduleTask(in: .nanoseconds(1)) {}
        await #expect(throws: EventLoopError.shutdown) { try await late.futureResult.get() }
        let result = try await done.get()
        #expect(result == 5)
        waiting.cancel()
        #expect(!loop.inEventLoop)
    }

    /// The system gives the number of a thread that has ended to the next one.
    @Test func noOtherThreadIsTakenForThatOfALoopThatHasEnded() async throws {
        for _ in 0..<50 {
            let loop = try SocketLoop(name: "test-first")
            try await loop.shutdownGracefully()
            try await ChannelBench.withLoop { next in
                let isInside = try await next.submit { loop.inEventLoop }.get()
                #expect(!isInside)
            }
        }
    }

    @Test func aListenerOfALoopThatHasEndedCannotBeginAndIsClosed() async throws {
        let loop = try SocketLoop(name: "test-retire")
        try await loop.shutdownGracefully()
        let listener = try ListeningSocket(
            SocketAddress(ipAddress: "127.0.0.1", port: 0), on: loop, isShared: false, waterMark: .init(1)
        ) { _ in }
        await #expect(throws: EventLoopError.shutdown) { try await listener.begin() }
        await listener.close()
    }

    @Test func aLoopMayBeStoppedTwice() async throws {
        let loop = try SocketLoop(name: "test-twice")
        let told = Shared(0)
        for _ in 0..<3 { loop.stop { told.update { $0 += 1 } } }
        try await eventually("all are told") { told.value == 3 }
        loop.stop { told.update { $0 += 1 } }
        #expect(told.value == 4)
        try await loop.shutdownGracefully()
    }

    @Test func aLoopMayBeStoppedAsSoonAsItIsMade() async throws {
        for _ in 0..<200 { try await SocketLoop(name: "test-short").shutdownGracefully() }
    }

    /// Each of them is either done or refused.
    @Test func noJobIsForgottenWhileTheLoopEnds() async throws {
        let loop = try SocketLoop(name: "test-busy")
        let (told, refused) = (Shared(0), Shared(0))
        let post: @Sendable () -> Void = {
            for _ in 0..<500 {
                loop.submit {}.whenComplete { result in
                    if case .failure = result { refused.update { $0 += 1 } }
                    told.update { $0 += 1 }
                }
            }
        }
        async let first: Void = onThread(post)
        async let second: Void = onThread(post)
        async let third: Void = onThread(post)
        try await loop.shutdownGracefully()
        _ = try await (first, second, third)
        try await onThread(post)
        try await eventually("all are told") { told.value == 2000 }
        #expect(refused.value >= 500)
    }

    /// What a job at the end leaves to be done is done too.
    @Test func whatIsScheduledWhileTheLoopEndsFails() async throws {
        let loop = try SocketLoop(name: "test-late")
        let outcome = Shared<[String]>([])
        let first = loop.scheduleTask(in: .hours(1)) {}
        first.futureResult.whenFailure { _ in
            let second = loop.scheduleTask(in: .hours(1)) {}
            second.futureResult.whenFailure { _ in
                outcome.update { $0.append("second") }
                loop.execute { outcome.update { $0.append("third") } }
            }
        }
        try await loop.shutdownGracefully()
        #expect(outcome.value == ["second", "third"])
    }
}
