import Core
import Foundation
import Testing

/// What `DeployStore` promises of switches that are looked at, of figures, and of deploys that somebody ends.
public enum DeployReportContract {
    private static let a = StoreSet.commit("a")
    private static let b = StoreSet.commit("b")

    /// A channel that serves a release of commit a, and a running deploy of commit b with its own.
    private struct World {
        let prod: Channel
        let old: Release
        let new: Release
        let oldInstance: Instance
        let newInstance: Instance
        let deploy: Deploy

        init(_ stores: StoreSet) async throws {
            (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            old = try await stores.makeRelease(prod, commit: a)
            new = try await stores.makeRelease(prod, commit: b)
            oldInstance = Instance(channelID: prod.id, releaseID: old.id, createdAt: StoreSet.date)
            newInstance = Instance(channelID: prod.id, releaseID: new.id, createdAt: StoreSet.date)
            for instance in [oldInstance, newInstance] { try await stores.instances.insert(instance) }
            let first = StoreSet.deploy(prod, a)
            deploy = StoreSet.deploy(prod, b)
            _ = try await stores.deploys.enqueue([first], at: StoreSet.date)
            _ = try await stores.deploys.start(first.id, commit: nil, at: StoreSet.date)
            try await stores.deploys.succeed(
                first.id, release: old.id, instance: oldInstance.id, at: StoreSet.date)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
        }
    }

    public static let cases = [
        ContractCase("a switch that is looked at is served and still running, and can be undone") { stores in
            let world = try await World(stores)
            try await stores.deploys.switched(
                world.deploy.id, release: world.new.id, instance: world.newInstance.id)
            var channel = try await stores.channels.channel(world.prod.id)
            #expect(channel?.currentRelease == world.new.id && channel?.currentCommit == b)
            #expect(try await stores.instances.instances(channel: world.prod.id).map(\.state) == [.draining, .live])
            var stored = try await stores.deploys.deploy(world.deploy.id)
            #expect(stored?.status == .running && stored?.release == world.new.id)

            let later = StoreSet.date.addingTimeInterval(3)
            try await stores.deploys.goBack(
                world.deploy.id, to: world.old.id, instance: world.oldInstance.id, reason: "no good", at: later)
            channel = try await stores.channels.channel(world.prod.id)
            #expect(channel?.currentRelease == world.old.id && channel?.currentCommit == a)
            #expect(try await stores.instances.instances(channel: world.prod.id).map(\.state) == [.live, .draining])
            stored = try await stores.deploys.deploy(world.deploy.id)
            #expect(stored?.status == .failed && stored?.failure == "no good" && stored?.finishedAt == later)
            let tips = try await stores.deploys.failedTips(app: world.prod.appID)
            #expect(tips == [FailedTip(ref: "refs/heads/master", commit: b, lastGood: a)])
        },
        ContractCase("a switch can succeed afterwards, and only a running deploy can switch or go back") { stores in
            let world = try await World(stores)
            func switched() async throws {
                try await stores.deploys.switched(
                    world.deploy.id, release: world.new.id, instance: world.newInstance.id)
            }
            func goBack(_ release: ID<Release>) async throws {
                try await stores.deploys.goBack(
                    world.deploy.id, to: release, instance: nil, reason: "no", at: StoreSet.date)
            }
            try await switched()
            await #expect(throws: PlatformError.self) { try await goBack(ID()) }
            #expect(try await stores.deploys.deploy(world.deploy.id)?.status == .running)
            try await stores.deploys.succeed(
                world.deploy.id, release: world.new.id, instance: world.newInstance.id, at: StoreSet.date)
            await #expect(throws: PlatformError.self) { try await switched() }
            await #expect(throws: PlatformError.self) { try await goBack(world.old.id) }
            #expect(try await stores.channels.channel(world.prod.id)?.currentRelease == world.new.id)
        },
        ContractCase("figures come back as they were kept, and those of nothing are fine") { stores in
            let world = try await World(stores)
            var before = TrafficFigures()
            for time in [100, 900, 2500] { before.add(microseconds: time, isFailure: false) }
            let report = DeployReport(
                steps: [DeployStep(name: .build, startedAt: StoreSet.date, milliseconds: 12)],
                switched: SwitchFigures(before: before, after: TrafficFigures()), isReuse: true)
            #expect(try await stores.deploys.report(of: world.deploy.id) == nil)
            try await stores.deploys.note(report, of: world.deploy.id)
            #expect(try await stores.deploys.report(of: world.deploy.id) == report)
            try await stores.deploys.note(report, of: ID())
        },
        ContractCase("figures are kept with a switch and with a success; without any the last ones stay") { stores in
            let world = try await World(stores)
            func report(_ milliseconds: Int) -> DeployReport {
                DeployReport(
                    steps: [DeployStep(name: .start, startedAt: StoreSet.date, milliseconds: milliseconds)])
            }
            func kept() async throws -> Int? {
                try await stores.deploys.report(of: world.deploy.id)?.steps.first?.milliseconds
            }
            try await stores.deploys.switched(
                world.deploy.id, release: world.new.id, instance: world.newInstance.id, report: report(1))
            #expect(try await kept() == 1)
            try await stores.deploys.switched(
                world.deploy.id, release: world.new.id, instance: world.newInstance.id, report: nil)
            #expect(try await kept() == 1)
            // What is refused leaves them too.
            await #expect(throws: PlatformError.self) {
                try await stores.deploys.succeed(
                    world.deploy.id, release: ID(), instance: nil, report: report(2), at: StoreSet.date)
            }
            #expect(try await kept() == 1)
            try await stores.deploys.succeed(
                world.deploy.id, release: world.new.id, instance: world.newInstance.id, report: report(3),
                at: StoreSet.date)
            #expect(try await kept() == 3)
        },
        ContractCase("only what is queued can be ended as queued") { stores in
            let world = try await World(stores)
            let waiting = StoreSet.deploy(world.prod, a)
            _ = try await stores.deploys.enqueue([waiting], at: StoreSet.date)
            func end(_ id: ID<Deploy>) async throws -> Bool {
                try await stores.deploys.failQueued(id, reason: "cancelled", at: StoreSet.date)
            }
            #expect(try await end(waiting.id))
            #expect(try await stores.deploys.deploy(waiting.id)?.failure == "cancelled")
            #expect(try await !end(waiting.id))
            #expect(try await !end(world.deploy.id))
            #expect(try await !end(ID()))
            #expect(try await stores.deploys.deploy(world.deploy.id)?.status == .running)
        },
    ]
}
