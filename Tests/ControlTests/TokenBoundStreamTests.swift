import ControlTestSupport
import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("A stream that is bound to a token")
struct TokenBoundStreamTests {
    @Test("keeps only so much for a slow reader, the newest")
    func buffering() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let asked = Atomic(0)
        let source = AsyncStream<Int> {
            let number = asked.add(1, ordering: .relaxed).newValue
            return number <= 10_000 ? number : nil
        }
        let followers = Followers(perUser: 1, total: 1)
        let bound = try TokenBoundStream.bind(
            source, platform.control.tokens, alice, among: followers, buffering: 10
        ) { $0 }
        // Asked for one more than there are: all of them have come through, and nobody has read one.
        #expect(await eventually { asked.load(ordering: .relaxed) > 10_000 })
        var seen: [Int] = []
        for await number in bound { seen.append(number) }
        #expect(seen == Array(9991...10_000))
    }
}
