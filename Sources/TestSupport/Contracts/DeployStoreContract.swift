import Core
import Foundation
import Testing

/// What `DeployStore` promises of the queue and of single deploys. What pushers are shown is in `BranchTipContract`.
public enum DeployStoreContract {
    public static let cases = queue + held + steps + ends

    private static let a = StoreSet.commit("a")
    private static let b = StoreSet.commit("b")

    private static let queue = [
        ContractCase("deploys come back as they were stored, newest first") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            #expect(try await stores.deploys.hasNone(app: app.id))
            let first = StoreSet.deploy(prod, a)
            let second = StoreSet.deploy(prod, nil, ref: nil)
            _ = try await stores.deploys.enqueue([first], at: StoreSet.date)
            #expect(try await stores.deploys.start(first.id, commit: nil, at: StoreSet.date) != nil)
            _ = try await stores.deploys.enqueue([second], at: StoreSet.date)
            #expect(try await stores.deploys.deploy(second.id) == second)
            #expect(try await stores.deploys.deploy(second.id, channel: prod.id) == second)
            #expect(try await stores.deploys.deploy(second.id, channel: ID()) == nil)
            #expect(try await stores.deploys.deploys(channel: prod.id, limit: 9).map(\.id) == [second.id, first.id])
            #expect(try await stores.deploys.deploys(channel: prod.id, limit: 1) == [second])
            #expect(try await stores.deploys.unfinished().map(\.id) == [first.id, second.id])
            #expect(try await stores.deploys.hasNone(app: app.id) == false)
        },
        ContractCase("a newer deploy supersedes those that wait on its channel, and only those") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let running = StoreSet.deploy(prod, a)
            let waiting = StoreSet.deploy(prod, a)
            let elsewhere = StoreSet.deploy(staging, a)
            #expect(try await stores.deploys.enqueue([running, elsewhere], at: StoreSet.date).isEmpty)
            _ = try await stores.deploys.start(running.id, commit: nil, at: StoreSet.date)
            #expect(try await stores.deploys.enqueue([waiting], at: StoreSet.date).isEmpty)
            let newest = StoreSet.deploy(prod, b)
            let later = StoreSet.date.addingTimeInterval(5)
            let superseded = try await stores.deploys.enqueue([newest], at: later)
            #expect(superseded.map(\.id) == [waiting.id])
            #expect(superseded.first?.failure == "superseded by a newer deploy")
            let stored = try await stores.deploys.deploy(waiting.id)
            #expect(stored == superseded.first)
            #expect(stored?.status == .failed)
            #expect(stored?.finishedAt == later)
            #expect(try await stores.deploys.deploy(running.id)?.status == .running)
            #expect(try await stores.deploys.deploy(elsewhere.id)?.status == .queued)
            #expect(try await stores.deploys.nextQueued(channel: prod.id) == newest)
            #expect(try await stores.deploys.nextQueued(channel: staging.id) == elsewhere)
        },
        ContractCase("nothing can be queued on a channel that is being deleted") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.deploys.enqueue([StoreSet.deploy(staging, a)], at: StoreSet.date)
            }
            #expect(error?.code == .conflict)
            #expect(try await stores.deploys.hasNone(app: app.id))
        },
        ContractCase("two deploys of one push on one channel supersede what waited there, each once") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let waiting = StoreSet.deploy(prod, a)
            _ = try await stores.deploys.enqueue([waiting], at: StoreSet.date)
            let both = [StoreSet.deploy(prod, a), StoreSet.deploy(prod, b, ref: "refs/heads/wip")]
            #expect(try await stores.deploys.enqueue(both, at: StoreSet.date).map(\.id) == [waiting.id])
            #expect(try await stores.deploys.unfinished().map(\.id) == both.map(\.id))
        },
    ]

    private static let held = [
        ContractCase("a held deploy is not queued, supersedes nothing and is seen by nobody") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let waiting = StoreSet.deploy(prod, a)
            let held = StoreSet.deploy(prod, b)
            try await stores.deploys.hold([held])
            #expect(try await stores.deploys.hasNone(app: app.id))
            #expect(try await stores.deploys.enqueue([waiting], at: StoreSet.date).isEmpty)
            #expect(try await stores.deploys.held() == [held])
            #expect(try await stores.deploys.deploy(held.id) == nil)
            #expect(try await stores.deploys.deploys(channel: prod.id, limit: 9) == [waiting])
            #expect(try await stores.deploys.unfinished() == [waiting])
            #expect(try await stores.deploys.start(held.id, commit: nil, at: StoreSet.date) == nil)
            try await stores.deploys.fail(held.id, reason: "no", at: StoreSet.date)
            #expect(try await stores.deploys.nextQueued(channel: prod.id) == waiting)
        },
        ContractCase("release queues a held deploy behind what was queued meanwhile, and supersedes that") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let held = StoreSet.deploy(prod, b)
            let waiting = StoreSet.deploy(prod, a)
            try await stores.deploys.hold([held])
            _ = try await stores.deploys.enqueue([waiting], at: StoreSet.date)
            let superseded = try await stores.deploys.release([held.id, ID()], at: StoreSet.date)
            #expect(superseded.map(\.id) == [waiting.id])
            #expect(try await stores.deploys.deploy(waiting.id)?.failure == Deploy.superseded)
            #expect(try await stores.deploys.nextQueued(channel: prod.id) == held)
            #expect(try await stores.deploys.held().isEmpty)
            #expect(try await stores.deploys.release([held.id], at: StoreSet.date).isEmpty)
            #expect(try await stores.deploys.unfinished() == [held])
        },
        ContractCase("discard removes held deploys only") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let held = StoreSet.deploy(prod, a)
            let waiting = StoreSet.deploy(prod, b)
            try await stores.deploys.hold([held])
            _ = try await stores.deploys.enqueue([waiting], at: StoreSet.date)
            try await stores.deploys.discard([held.id, waiting.id])
            #expect(try await stores.deploys.held().isEmpty)
            #expect(try await stores.deploys.unfinished() == [waiting])
        },
        ContractCase("nothing is held for a channel that is being deleted, and what was is not released") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let held = StoreSet.deploy(staging, a)
            try await stores.deploys.hold([held])
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            await #expect(throws: PlatformError.self) {
                try await stores.deploys.hold([StoreSet.deploy(staging, b)])
            }
            #expect(try await stores.deploys.release([held.id], at: StoreSet.date).isEmpty)
            #expect(try await stores.deploys.held().isEmpty)
            #expect(try await stores.deploys.unfinished().isEmpty)
        },
        ContractCase("forget removes deploys that have ended and no others") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let ended = StoreSet.deploy(prod, a)
            let waiting = StoreSet.deploy(prod, b)
            _ = try await stores.deploys.enqueue([ended], at: StoreSet.date)
            try await stores.deploys.fail(ended.id, reason: "no", at: StoreSet.date)
            _ = try await stores.deploys.enqueue([waiting], at: StoreSet.date)
            try await stores.deploys.forget([ended.id, waiting.id])
            #expect(try await stores.deploys.deploys(channel: prod.id, limit: 9) == [waiting])
        },
    ]

    private static let steps = [
        ContractCase("start counts the attempt, notes time and commit, and works on a queued deploy only") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let deploy = StoreSet.deploy(prod, nil)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            let later = StoreSet.date.addingTimeInterval(1)
            let started = try await stores.deploys.start(deploy.id, commit: a, at: later)
            #expect(started?.status == .running)
            #expect(started?.attempts == 1)
            #expect(started?.commit == a)
            #expect(started?.startedAt == later)
            #expect(try await stores.deploys.deploy(deploy.id) == started)
            #expect(try await stores.deploys.nextQueued(channel: prod.id) == nil)
            #expect(try await stores.deploys.start(deploy.id, commit: a, at: later) == nil)
            #expect(try await stores.deploys.start(ID(), commit: a, at: later) == nil)
        },
        ContractCase("a running deploy resolves to a commit; one that does not run cannot") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let deploy = StoreSet.deploy(prod, nil)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            await #expect(throws: PlatformError.self) { try await stores.deploys.resolved(deploy.id, commit: a) }
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            try await stores.deploys.resolved(deploy.id, commit: a)
            #expect(try await stores.deploys.deploy(deploy.id)?.commit == a)
        },
        ContractCase("a running deploy can wait again and keeps its count of attempts") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let deploy = StoreSet.deploy(prod, a)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            await #expect(throws: PlatformError.self) { try await stores.deploys.requeue(deploy.id) }
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            try await stores.deploys.requeue(deploy.id)
            #expect(try await stores.deploys.nextQueued(channel: prod.id)?.id == deploy.id)
            #expect(try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)?.attempts == 2)
        },
    ]

    private static let ends = [
        ContractCase("success makes the release current, the instance live and the others draining") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let release = try await stores.makeRelease(prod, commit: a)
            let old = Instance(channelID: prod.id, releaseID: ID(), state: .live, createdAt: StoreSet.date)
            let new = Instance(channelID: prod.id, releaseID: release.id, createdAt: StoreSet.date)
            let foreign = Instance(channelID: staging.id, releaseID: ID(), state: .live, createdAt: StoreSet.date)
            for instance in [old, new, foreign] { try await stores.instances.insert(instance) }
            let deploy = StoreSet.deploy(prod, a)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            let later = StoreSet.date.addingTimeInterval(9)
            try await stores.deploys.succeed(deploy.id, release: release.id, instance: new.id, at: later)

            let stored = try await stores.deploys.deploy(deploy.id)
            #expect(stored?.status == .success)
            #expect(stored?.release == release.id)
            #expect(stored?.finishedAt == later)
            let channel = try await stores.channels.channel(prod.id)
            #expect(channel?.currentRelease == release.id)
            #expect(channel?.currentCommit == a)
            #expect(try await stores.instances.instances(channel: prod.id).map(\.state) == [.draining, .live])
            #expect(try await stores.instances.instances(channel: staging.id).map(\.state) == [.live])
            #expect(try await stores.deploys.unfinished().isEmpty)
        },
        ContractCase("success without an instance drains all instances of the channel") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let release = try await stores.makeRelease(prod, commit: a)
            try await stores.instances.insert(
                Instance(channelID: prod.id, releaseID: ID(), state: .live, createdAt: StoreSet.date))
            let deploy = StoreSet.deploy(prod, a)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            try await stores.deploys.succeed(deploy.id, release: release.id, instance: nil, at: StoreSet.date)
            #expect(try await stores.instances.instances().map(\.state) == [.draining])
        },
        ContractCase("a deploy that does not run, or whose channel or release is gone, cannot succeed") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let release = try await stores.makeRelease(staging, commit: a)
            let deploy = StoreSet.deploy(staging, a)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            func succeed(_ release: ID<Release>) async throws {
                try await stores.deploys.succeed(deploy.id, release: release, instance: nil, at: StoreSet.date)
            }
            await #expect(throws: PlatformError.self) { try await succeed(release.id) }
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            await #expect(throws: PlatformError.self) { try await succeed(ID()) }
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            let error = await #expect(throws: PlatformError.self) { try await succeed(release.id) }
            #expect(error?.code == .conflict)
            #expect(try await stores.deploys.deploy(deploy.id)?.status == .running)
        },
        ContractCase("failing notes the reason; what has ended stays as it ended") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let deploy = StoreSet.deploy(prod, a)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            let later = StoreSet.date.addingTimeInterval(3)
            let failed = try await stores.deploys.fail(deploy.id, reason: "install.sh exited 1", at: later)
            let again = try await stores.deploys.fail(deploy.id, reason: "something else", at: StoreSet.date)
            let stored = try await stores.deploys.deploy(deploy.id)
            #expect(failed == stored && again == stored)
            #expect(try await stores.deploys.fail(ID(), reason: "no", at: later) == nil)
            #expect(stored?.status == .failed)
            #expect(stored?.failure == "install.sh exited 1")
            #expect(stored?.finishedAt == later)
            #expect(try await stores.channels.channel(prod.id)?.currentRelease == nil)
        },
    ]
}
