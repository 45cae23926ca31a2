import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

@Suite("A disk with little room")
struct DiskGuardTests {
    @Test("refuses deploys before anything is built, and says so to who pushes; with room the same push goes through")
    func reserve() async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: "static", by: alice).app
        platform.disk.setRoom(DiskRoom(total: 10 << 30, free: 99 << 20))
        let events = try await platform.push(platform.commit("a"), app: app, by: alice)
        let reason =
            "this server's disk is nearly full: 99 MiB left, of which it keeps 100 MiB for itself; its operator can make room"
        #expect(lines(events).last?.hasSuffix("deploy failed: \(reason)") == true, "\(lines(events))")
        #expect(platform.builder.requests.isEmpty)
        platform.disk.setRoom(DiskRoom(total: 10 << 30, free: 100 << 20))
        _ = try await platform.push(platform.commit("b"), app: app, by: alice)
        #expect(platform.builder.requests.count == 1)
    }

    @Test("is not one user's: whose apps take more than they may together gets no build, and goes back all the same")
    func user() async throws {
        let platform = TestPlatform { $0.userDiskBytes = 50 << 20 }
        let (alice, bob) = (try await platform.user("alice"), try await platform.user("bob"))
        let made = try await platform.control.apps.create(name: "site", template: "static", by: alice)
        let other = try await platform.control.apps.create(name: "site", template: "static", by: bob).app
        let prod = try #require(made.channels.first)
        // Nobody has counted yet.
        _ = try await platform.push(platform.commit("a"), app: made.app, by: alice)
        platform.disk.setUse(50 << 20, of: alice.user.id)
        let fits = try await platform.push(platform.commit("b"), app: made.app, by: alice)
        #expect(verdicts(fits) == ["refs/heads/master": ""])
        platform.disk.setUse(51 << 20, of: alice.user.id)
        let refused = try await platform.push(platform.commit("c"), app: made.app, by: alice)
        let reason = verdicts(refused).values.first ?? ""
        #expect(reason.contains("take 51 MiB of this server's disk, of 50 MiB that they may"), "\(reason)")
        #expect(reason.contains("--user-disk"))
        #expect(platform.builder.requests.count == 2)
        let deploy = try await platform.control.deploys.rollback(to: nil, channel: prod.id, app: made.app.id, by: alice)
        #expect(try await platform.log(of: deploy.id).contains("deploy complete"))
        let others = try await platform.push(platform.commit("d"), app: other, by: bob)
        #expect(verdicts(others) == ["refs/heads/master": ""])
    }

    @Test("is also one without places for files")
    func entries() throws {
        let reserve = DiskReserve(bytes: 1 << 20)
        #expect(!reserve.isReached(in: DiskRoom(total: 1 << 40, free: 1 << 30)))
        #expect(!reserve.isReached(in: DiskRoom(total: 1 << 40, free: 1 << 30, freeEntries: DiskReserve.entries)))
        let error = #expect(throws: PlatformError.self) {
            try reserve.check(DiskRoom(total: 1 << 40, free: 1 << 30, freeEntries: 17))
        }
        #expect(error?.code == .unavailable && error?.message.contains("room for 17 files left") == true)
    }

    @Test("keeps as many releases as a channel's budget is enough for, and two at least", arguments: [(35, 3), (5, 2)])
    func budget(mebibytes: Int, kept: Int) async throws {
        let platform = TestPlatform { $0.releaseBytes = mebibytes << 20 }
        platform.builder.makeReleases(ofSize: 10 << 20)
        let alice = try await platform.user()
        let app = try await platform.control.apps.create(name: "site", template: "static", by: alice).app
        for digit in "123456" { _ = try await platform.push(platform.commit(digit), app: app, by: alice) }
        let channel = try await platform.control.channels.list(app: app.id, by: alice)[0]
        #expect(
            await eventually {
                let releases = try? await platform.stores.releases.releases(channel: channel.id)
                let onDisk = await platform.builder.releasesOnDisk()
                return releases?.count == kept && Set(onDisk) == Set((releases ?? []).map(\.id))
            })
        let releases = try await platform.stores.releases.releases(channel: channel.id)
        #expect(releases.first?.commit == platform.commit("6"))
    }
}
