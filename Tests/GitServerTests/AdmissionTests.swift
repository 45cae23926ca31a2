import Core
import Testing

@testable import GitServer

/// Guesses, places and slow bodies, with time handed in.
@Suite struct AdmissionTests {
    @Test func wrongCredentialsCostMoreAndMoreTime() {
        var limits = GuessLimits()
        (limits.free, limits.delay, limits.maximumDelay) = (3, .seconds(1), .seconds(5))
        let limiter = GuessLimiter(limits)
        let start = ContinuousClock.now
        for _ in 0..<3 { limiter.fail("a", now: start) }
        #expect(limiter.wait(for: "a", now: start) == nil)
        for expected in [1, 2, 4, 5, 5] {
            limiter.fail("a", now: start)
            #expect(limiter.wait(for: "a", now: start) == .seconds(expected))
        }
        #expect(limiter.wait(for: "b", now: start) == nil)
        #expect(limiter.wait(for: "a", now: start + .seconds(5)) == nil)
        // Still remembered, so that the next one is dear at once.
        limiter.fail("a", now: start + .seconds(6))
        #expect(limiter.wait(for: "a", now: start + .seconds(6)) == .seconds(5))
        #expect(limiter.wait(for: "a", now: start + .seconds(6) + limits.memory) == nil)
    }

    @Test func notMoreAddressesAreRememberedThanAllowed() {
        var limits = GuessLimits()
        (limits.addresses, limits.free) = (100, 0)
        let limiter = GuessLimiter(limits)
        let start = ContinuousClock.now
        for number in 0..<1000 { limiter.fail("\(number)", now: start + .milliseconds(number)) }
        #expect(limiter.count <= 100)
        #expect(limiter.wait(for: "999", now: start + .milliseconds(999)) != nil)
    }

    @Test(arguments: [
        (nil, "unknown"), ("", "unknown"), ("10.0.0.1", "10.0.0.1"), ("1.1.1.1, 10.0.0.1 ", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8:0:0::/64"), ("::1", "0:0:0:0::/64"),
        (String(repeating: "x", count: 100), "unknown"),
    ])
    func theAddressIsTheOneThatTheRouterSaw(header: String?, address: String) {
        #expect(ClientAddress.of(header) == address)
    }

    @Test func placesAreCountedByUserAndInTotal() throws {
        let limiter = RequestLimiter(perUser: 2, total: 3)
        let (ann, bob) = (ID<User>(), ID<User>())
        var slots = [try limiter.enter(ann), try limiter.enter(ann)]
        #expect { try limiter.enter(ann) } throws: { ($0 as? PlatformError)?.code == .rateLimited }
        slots.append(try limiter.enter(bob))
        #expect { try limiter.enter(bob) } throws: { ($0 as? PlatformError)?.code == .unavailable }
        #expect(limiter.count == 3)
        slots.removeFirst()
        slots.append(try limiter.enter(bob))
        slots = []
        #expect(limiter.count == 0)
    }

    @Test func anIdleClientIsLetGo() {
        var limits = BodyLimits()
        (limits.idle, limits.bytesPerSecond, limits.time) = (.seconds(10), 100, .seconds(1000))
        let start = ContinuousClock.now
        let watch = BodyWatch(limits, now: start)
        watch.beginWait(now: start)
        #expect(watch.check(now: start + .seconds(9)) == nil)
        watch.endWait(bytes: 5000, now: start + .seconds(9))
        // Time that the server itself takes is not the client's.
        #expect(watch.check(now: start + .seconds(500)) == nil)
        watch.beginWait(now: start + .seconds(500))
        #expect(watch.check(now: start + .seconds(511))?.code == .timeout)
        #expect(watch.failure?.message.contains("nothing was sent") == true)
    }

    @Test func attack5And27AClientThatDripsIsLetGo() {
        var limits = BodyLimits()
        (limits.idle, limits.bytesPerSecond, limits.time) = (.seconds(10), 100, .seconds(1000))
        let start = ContinuousClock.now
        let watch = BodyWatch(limits, now: start)
        for second in 0..<11 {
            watch.beginWait(now: start + .seconds(second))
            watch.endWait(bytes: 1, now: start + .seconds(second + 1))
        }
        #expect(watch.check(now: start + .seconds(11))?.message.contains("slower than 100 bytes") == true)
    }

    @Test func attack5And27ABodyMayNotTakeForEver() {
        var limits = BodyLimits()
        limits.time = .seconds(100)
        let start = ContinuousClock.now
        let watch = BodyWatch(limits, now: start)
        watch.beginWait(now: start)
        watch.endWait(bytes: 1 << 30, now: start + .seconds(50))
        #expect(watch.check(now: start + .seconds(101))?.message.contains("takes longer") == true)
        let done = BodyWatch(limits, now: start)
        done.complete()
        #expect(done.check(now: start + .seconds(1000)) == nil)
    }
}
