import Control
import ControlTestSupport
import Core
import TestSupport
import Testing

@Suite("A limit that an instance reaches while it runs on")
struct InstanceLimitEventTests {
    private let platform = TestPlatform()

    @Test("is one event of its app, and one line in the server's log")
    func event() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        let keeping = Task { await platform.control.keepUp() }
        #expect(await eventually { platform.runner.isHeard })
        platform.runner.reach(
            InstanceLimitHit(instance: ID(), channel: prod.id, reason: "lost a process: out of memory (limit 256 MiB)"))
        let text = "an instance reached a limit: the app lost a process: out of memory (limit 256 MiB)"
        #expect(
            await eventually {
                let events = try? await platform.control.events.list(app: app.id, limit: 9, by: alice)
                return events?.map(\.text) == [text] && events?.map(\.kind) == [.instanceLimited]
            })
        #expect(platform.repairs == [text])
        keeping.cancel()
        await keeping.value
    }
}
