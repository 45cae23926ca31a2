import Testing

@testable import Router

@Suite struct ReaderWatchTests {
    private static func clock(_ ticks: Int) -> TickClock {
        var clock = TickClock(resolution: .milliseconds(100))
        for _ in 0..<ticks { clock.advance() }
        return clock
    }

    @Test func aClientThatTakesNothingIsLate() {
        var watch = ReaderWatch()
        watch.start(taken: 5, clock: Self.clock(0), limit: .seconds(1))
        var isLate = false
        var ticks = 0
        while !isLate, ticks < 100 {
            ticks += 1
            if watch.deadline <= ticks { isLate = watch.look(taken: 5, clock: Self.clock(ticks), limit: .seconds(1)) }
        }
        #expect((10...15).contains(ticks))
    }

    @Test func aClientThatTakesALittleNowAndThenNeverIs() {
        var watch = ReaderWatch()
        watch.start(taken: 0, clock: Self.clock(0), limit: .seconds(1))
        for ticks in 1...200 where watch.deadline <= ticks {
            let isLate = watch.look(taken: ticks / 8, clock: Self.clock(ticks), limit: .seconds(1))
            #expect(!isLate)
        }
        watch.stop()
        #expect(!watch.isOn)
    }
}
