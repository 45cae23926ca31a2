import ControlTestSupport
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("Cancelling a deploy")
struct CancellationTests {
    private let platform = TestPlatform()

    /// Builds of these commits wait until they are cancelled.
    private func hold(_ digits: Set<Character>) {
        platform.builder.use { request, log throws(PlatformError) in
            if let digit = request.commit.rawValue.first, digits.contains(digit) {
                try? await Task.sleep(for: .seconds(600))
                throw PlatformError(.cancelled, "stopped")
            }
            return try await ScriptedBuilder.staticSite(request, log)
        }
    }

    @Test("that runs ends it at once, keeps what serves, and the queue goes on")
    func running() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (app, prod) = (made.app, made.channels[0])
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        hold(["b"])
        for digit in "bc" { platform.repository.move(.master, to: platform.commit(digit), app: app.id) }
        let deploys = platform.control.deploys
        let first = try await deploys.request(platform.commit("b").rawValue, channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 2 })
        let next = try await deploys.request(platform.commit("c").rawValue, channel: prod.id, app: app.id, by: alice)
        let ended = try await deploys.cancel(first.id, app: app.id, by: alice)
        #expect(ended.status == .failed && ended.failure == "cancelled by alice")
        #expect(try await platform.log(of: first.id).hasSuffix("deploy failed: cancelled by alice\n"))
        #expect(await eventually { (try? await platform.stores.deploys.deploy(next.id)?.status) == .success })
        // Once more: it has ended.
        #expect(try await deploys.cancel(first.id, app: app.id, by: alice).failure == "cancelled by alice")
        #expect(try await deploys.cancel(next.id, app: app.id, by: alice).status == .success)
        #expect(try await platform.log(of: next.id).components(separatedBy: "deploy complete").count == 2)
    }

    @Test("that waits takes it from the queue")
    func queued() async throws {
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (app, prod) = (made.app, made.channels[0])
        hold(["b"])
        for digit in "bc" { platform.repository.move(.master, to: platform.commit(digit), app: app.id) }
        let deploys = platform.control.deploys
        let first = try await deploys.request(platform.commit("b").rawValue, channel: prod.id, app: app.id, by: alice)
        #expect(await eventually { platform.builder.requests.count == 1 })
        let next = try await deploys.request(platform.commit("c").rawValue, channel: prod.id, app: app.id, by: alice)
        #expect(try await deploys.cancel(next.id, app: app.id, by: alice).failure == "cancelled by alice")
        #expect(try await platform.log(of: next.id).contains("deploy failed: cancelled by alice"))
        #expect(try await platform.stores.deploys.deploy(first.id)?.status == .running)
        _ = try await deploys.cancel(first.id, app: app.id, by: alice)
        #expect(platform.builder.requests.count == 1)
    }

    @Test("that waits for a database that does not come ends it all the same, and nobody waits for it")
    func database() async throws {
        let gate = platform.provisioner.gate
        gate.close()
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        let (app, prod) = (made.app, made.channels[0])
        for digit in "abc" { platform.repository.move(.master, to: platform.commit(digit), app: app.id) }
        let deploys = platform.control.deploys
        func request(_ digit: Character) async throws -> Deploy {
            try await deploys.request(platform.commit(digit).rawValue, channel: prod.id, app: app.id, by: alice)
        }
        let first = try await request("a")
        #expect(await eventually { deploys.turns[first.id]?.report.steps.last?.name == .resolve })
        // What waits behind it is superseded at once.
        let (second, third) = (try await request("b"), try await request("c"))
        #expect(try await platform.stores.deploys.deploy(second.id)?.failure == Deploy.superseded)
        let cancelling = Task { try await deploys.cancel(first.id, app: app.id, by: alice) }
        #expect(await eventually { (try? await platform.stores.deploys.deploy(first.id)?.status) == .failed })
        #expect(gate.queue == 1)
        gate.open()
        #expect(try await cancelling.value.failure == "cancelled by alice")
        #expect(try await platform.log(of: third.id).hasSuffix("deploy complete\n"))
    }

    @Test("by a stop of the server is not held up by a database that does not come")
    func databaseAtStop() async throws {
        let gate = platform.provisioner.gate
        gate.close()
        let alice = try await platform.user()
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        platform.repository.move(.master, to: platform.commit("a"), app: made.app.id)
        let deploy = try await platform.control.deploys.request(
            "HEAD", channel: made.channels[0].id, app: made.app.id, by: alice)
        #expect(await eventually { platform.control.deploys.turns[deploy.id]?.report.steps.last?.name == .resolve })
        let isClosed = Mutex(false)
        let closing = Task { [platform] in
            await platform.control.close(grace: .zero)
            isClosed.withLock { $0 = true }
        }
        #expect(await eventually { isClosed.withLock { $0 } })
        #expect(try await platform.stores.deploys.deploy(deploy.id)?.status == .running)
        gate.open()
        await closing.value
    }

    @Test("is for its owner, with the scope")
    func access() async throws {
        let alice = try await platform.user()
        let bob = try await platform.user("bob")
        let made = try await platform.control.apps.create(name: "site", template: nil, by: alice)
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        let deploy = try await platform.stores.deploys.deploys(channel: made.channels[0].id, limit: 1)[0]
        let error = await #expect(throws: PlatformError.self) {
            try await platform.control.deploys.cancel(deploy.id, app: made.app.id, by: bob)
        }
        #expect(error?.code == .notFound)
        let reader = Principal(user: alice.user, token: alice.token, scopes: [.repo])
        let denied = await #expect(throws: PlatformError.self) {
            try await platform.control.deploys.cancel(deploy.id, app: made.app.id, by: reader)
        }
        #expect(denied?.code == .scopeDenied)
    }

    @Test("by a deadline fails a step that takes too long, with its name")
    func deadline() async throws {
        let platform = TestPlatform { $0.stepLimits[.build] = .milliseconds(20) }
        platform.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            throw PlatformError(.cancelled, "stopped")
        }
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        #expect(verdicts(events).values.first?.contains("the step build did not end within") == true)
    }
}
