import ControlTestSupport
import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("Work that goes on while its result is not needed")
struct AheadTests {
    @Test("begins before anybody waits, and gives its result or its error")
    func result() async throws {
        let hasBegun = Mutex(false)
        let ahead = Ahead { () async throws(PlatformError) in
            hasBegun.withLock { $0 = true }
            return 7
        }
        #expect(await eventually { hasBegun.withLock { $0 } })
        #expect(try await ahead.value() == 7)
        let failing = Ahead<Int> { () async throws(PlatformError) in throw PlatformError.invalid("no") }
        let error = await #expect(throws: PlatformError.self) { try await failing.value() }
        #expect(error?.message == "no")
    }

    @Test("ends when it is given up, and when whoever waits for it is cancelled", arguments: [true, false])
    func cancellation(isGivenUp: Bool) async throws {
        let wasCancelled = Mutex(false)
        let hasBegun = Mutex(false)
        let ahead = Ahead { () async throws(PlatformError) in
            hasBegun.withLock { $0 = true }
            while (try? await Task.sleep(for: .seconds(60))) != nil {}
            wasCancelled.withLock { $0 = true }
        }
        #expect(await eventually { hasBegun.withLock { $0 } })
        if isGivenUp {
            ahead.cancel()
        } else {
            let waiting = Task { try? await ahead.value() }
            waiting.cancel()
            await waiting.value
        }
        #expect(await eventually { wasCancelled.withLock { $0 } })
    }

    @Test("is a deploy's wait for its database, while its commit is looked for")
    func database() async throws {
        let platform = TestPlatform()
        platform.builder.use(ScriptedBuilder.web)
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "api1", template: "node", by: alice)
        platform.repository.move(.master, to: platform.commit("a"), app: made.app.id)
        let before = platform.provisioner.endpointRequests
        let wereBoth = Mutex(false)
        platform.repository.holdResolve {
            let isAsked = await eventually { platform.provisioner.endpointRequests > before }
            wereBoth.withLock { $0 = isAsked }
        }
        let deploy = try await platform.control.deploys.request(
            "HEAD", channel: made.channels[0].id, app: made.app.id, by: alice)
        #expect(try await platform.log(of: deploy.id).hasSuffix("deploy complete\n"))
        #expect(wereBoth.withLock { $0 })
        #expect(platform.runner.running.count == 1)
    }
}
