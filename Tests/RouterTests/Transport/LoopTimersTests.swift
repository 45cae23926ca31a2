import NIOCore
import Testing

@testable import Router

@Suite struct LoopTimersTests {
    private static func time(_ nanoseconds: Int) -> NIODeadline { .uptimeNanoseconds(UInt64(nanoseconds)) }

    private static func timer(_ nanoseconds: Int) -> LoopTimer { LoopTimer(time(nanoseconds), {}, failure: { _ in }) }

    @Test func theEarliestIsFirstAndEqualOnesKeepTheirOrder() {
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        let all = [30, 10, 20, 10, 30, 10].map(Self.timer)
        for timer in all { timers.add(timer) }
        #expect(timers.next == Self.time(10))
        #expect(pop(9) == nil)
        for index in [1, 3, 5, 2, 0, 4] { #expect(pop(30) === all[index]) }
        #expect(pop(1000) == nil)
        #expect(timers.next == nil)
    }

    @Test func oneThatIsCancelledBeforeItIsAddedNeverComes() {
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        let timer = Self.timer(1)
        timers.cancel(timer)
        timers.add(timer)
        #expect(timers.next == nil)
        #expect(pop(5) == nil)
    }

    @Test func cancellingTwiceOrTooLateCountsOnce() {
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        let (first, second) = (Self.timer(1), Self.timer(2))
        timers.add(first)
        timers.add(second)
        #expect(pop(1) === first)
        timers.cancel(first)
        timers.cancel(first)
        #expect(pop(2) === second)
        let left = timers.removeAll()
        #expect(left.isEmpty)
    }

    /// A connection that stands cancels its timer: what that would hold is as much as the connection.
    @Test func whatACancelledTimerHeldIsGivenBackAtOnce() {
        final class Token {}
        weak var held: Token?
        var timers = LoopTimers()
        let timer: LoopTimer
        do {
            let token = Token()
            held = token
            timer = LoopTimer(
                Self.time(1), { withExtendedLifetime(token) {} }, failure: { _ in withExtendedLifetime(token) {} })
        }
        timers.add(timer)
        #expect(held != nil)
        timers.cancel(timer)
        #expect(held == nil)
    }

    @Test func manyCancelledOnesDoNotStay() {
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        let all = (0..<200).map(Self.timer)
        for timer in all { timers.add(timer) }
        for timer in all[..<150] { timers.cancel(timer) }
        // The first that is there is later than the first that was.
        let next = timers.next ?? Self.time(0)
        #expect(next > Self.time(0))
        for timer in all[150...] { #expect(pop(200) === timer) }
        #expect(pop(200) == nil)
    }

    @Test func allThatAreLeftAreTakenOutWithoutTheCancelledOnes() {
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        let all = (0..<10).map(Self.timer)
        for timer in all { timers.add(timer) }
        timers.cancel(all[3])
        let left = timers.removeAll()
        let hasCancelled = left.contains { $0 === all[3] }
        #expect(left.count == 9 && !hasCancelled)
        #expect(timers.next == nil)
        timers.cancel(all[4])
        timers.add(Self.timer(7))
        #expect(pop(7) != nil)
    }

    @Test(arguments: 0..<8) func whateverIsDoneTheOrderIsThatOfAList(_ seed: Int) {
        var generator = SeededRandom(seed: UInt64(seed))
        var (model, now) = ([LoopTimer](), 0)
        var timers = LoopTimers()
        func pop(_ time: Int) -> LoopTimer? { timers.popDue(Self.time(time)) }
        for _ in 0..<3000 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<11:
                let timer = Self.timer(now + Int.random(in: 0..<300, using: &generator))
                timers.add(timer)
                model.append(timer)
            case 11..<19:
                guard let index = model.indices.randomElement(using: &generator) else { continue }
                timers.cancel(model.remove(at: index))
            default:
                now += Int.random(in: 0..<100, using: &generator)
                let time = Self.time(now)
                let due = model.enumerated().filter { $0.element.deadline <= time }
                    .sorted { ($0.element.deadline, $0.offset) < ($1.element.deadline, $1.offset) }
                for (_, timer) in due { #expect(pop(now) === timer) }
                #expect(pop(now) == nil)
                model.removeAll { $0.deadline <= time }
            }
        }
        let left = timers.removeAll()
        #expect(left.count == model.count)
    }
}
