import Testing

@testable import Control

struct BackoffTests {
    @Test func `pauses are twice as long each time, up to the longest, and never overflow`() {
        let backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        let pauses = (1...6).map { backoff.pause(after: $0) }
        #expect(pauses == [100, 200, 400, 800, 1000, 1000].map { Duration.milliseconds($0) })
        #expect(backoff.pause(after: .max) == .seconds(1))
        #expect(backoff.pause(after: 0) == .milliseconds(100))
    }
}
