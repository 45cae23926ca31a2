import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("The deploy queue")
struct DeployQueueTests {
    @Test("goes on by itself after the store did not answer")
    func storeFails() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.repository.move(.master, to: platform.commit("a"), app: app.id)
        let deploy = Deploy(
            appID: app.id, channelID: channel.id, requested: "master", ref: BranchName.master.ref,
            commit: platform.commit("a"), createdAt: Date())
        _ = try await platform.stores.deploys.enqueue([deploy], at: Date())
        let control = platform.restarted()
        let leftovers = try await control.restore()
        platform.stores.fail(with: PlatformError(.unavailable, "database is locked"))
        await control.resume(leftovers)
        #expect(await eventually { platform.stores.failures > 2 })
        platform.stores.fail(with: nil)
        #expect(await eventually { (try? await platform.stores.deploys.deploy(deploy.id)?.status) == .success })
    }

    @Test(
        "keeps the newest ended deploys of a channel, and those of kept releases, and forgets the rest with their logs")
    func retention() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let good = try await platform.stores.deploys.deploys(channel: channel.id, limit: 1)[0]
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        for digit in "bcdef1" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        #expect(
            await eventually {
                (try? await platform.stores.deploys.deploys(channel: channel.id, limit: 99).count) == 4
            })
        let kept = try await platform.stores.deploys.deploys(channel: channel.id, limit: 99)
        #expect(kept.last == (try await platform.stores.deploys.deploy(good.id)))
        #expect(kept.prefix(3).map(\.commit) == "1fe".map { platform.commit($0) })
        for deploy in kept { #expect(try await platform.stores.logs.read(deploy.id) != nil) }
        #expect(await eventually { platform.stores.logs.count == 4 })
        #expect(await eventually { platform.repository.pinned == [good.id: platform.commit("a")] })
    }

    @Test("keeps the deploys of the last day beside them, ten times as many at most")
    func retentionOfADay() async throws {
        let platform = TestPlatform {
            $0.keptDeploys = 1
            $0.keptDeploySeconds = 86_400
        }
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        platform.builder.use { _, _ throws(PlatformError) in throw PlatformError(.buildFailed, "no") }
        for digit in "abcdef01234" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        #expect(
            await eventually {
                let kept = try? await platform.stores.deploys.deploys(channel: channel.id, limit: 99).map(\.commit)
                return kept == "43210fedcb".map { platform.commit($0) }
            })
    }
}
