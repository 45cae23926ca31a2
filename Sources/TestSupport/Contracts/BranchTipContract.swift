import Core
import Foundation
import Testing

/// What `DeployStore` promises of the refs that pushers are shown at their last good commit.
public enum BranchTipContract {
    private static let ref = "refs/heads/master"
    private static let a = StoreSet.commit("a")
    private static let b = StoreSet.commit("b")

    public static let cases = [
        ContractCase("a first push that fails leaves a tip without a good commit") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            try await run(stores, [prod], a, failing: [prod])
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(a, good: nil)])
        },
        ContractCase("a failed push keeps the last good commit; a good one clears the failure") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            try await run(stores, [prod], a)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
            try await run(stores, [prod], b, failing: [prod])
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(b, good: a)])
            try await run(stores, [prod], b)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
        },
        ContractCase("one of two channels failing fails the tip, whichever ends first") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            try await run(stores, [prod, staging], a, failing: [prod])
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(a, good: nil)])
            try await run(stores, [prod, staging], a)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
            try await run(stores, [prod, staging], b, failing: [staging])
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(b, good: a)])
        },
        ContractCase("while a deploy of the commit is unfinished the record stays as it is") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let deploys = [StoreSet.deploy(prod, a), StoreSet.deploy(staging, a)]
            _ = try await stores.deploys.enqueue(deploys, at: StoreSet.date)
            try await finish(stores, deploys[0], prod, fails: false)
            try await run(stores, [prod], b, failing: [prod])
            try await finish(stores, deploys[1], staging, fails: false)
            // The end of a's last deploy came after b was pushed: b's record stands, a did not become good.
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(b, good: nil)])
        },
        ContractCase("the late failure of an older commit does not disturb the newer one") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            let late = StoreSet.deploy(staging, a)
            _ = try await stores.deploys.enqueue([late], at: StoreSet.date)
            _ = try await stores.deploys.start(late.id, commit: nil, at: StoreSet.date)
            try await run(stores, [prod], b)
            try await stores.deploys.fail(late.id, reason: "too late", at: StoreSet.date)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
        },
        ContractCase("a push that supersedes another of its ref leaves no failed tip behind") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            _ = try await stores.deploys.enqueue([StoreSet.deploy(prod, a)], at: StoreSet.date)
            try await run(stores, [prod], b)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
        },
        ContractCase("a push superseded by a deploy of a bare commit was told that it failed, and its tip is shown so")
        {
            stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            _ = try await stores.deploys.enqueue([StoreSet.deploy(prod, a)], at: StoreSet.date)
            _ = try await stores.deploys.enqueue([StoreSet.deploy(prod, b, ref: nil)], at: StoreSet.date)
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(a, good: nil)])
        },
        ContractCase("deploys without a ref and other apps' refs change nothing") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp("one", owner: user)
            let (other, otherProd) = try await stores.makeApp("two", owner: user)
            try await run(stores, [prod], a, failing: [prod])
            try await run(stores, [otherProd], b)
            let bare = StoreSet.deploy(prod, b, ref: nil)
            _ = try await stores.deploys.enqueue([bare], at: StoreSet.date)
            try await finish(stores, bare, prod, fails: false)
            #expect(try await stores.deploys.failedTips(app: app.id) == [tip(a, good: nil)])
            #expect(try await stores.deploys.failedTips(app: other.id).isEmpty)
        },
        ContractCase("a deleted channel's failure does not count against a good push") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            try await run(stores, [prod, staging], a, failing: [staging])
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            try await run(stores, [prod], a)
            #expect(try await stores.deploys.failedTips(app: app.id).isEmpty)
        },
    ]

    private static func tip(_ commit: CommitID, good: CommitID?) -> FailedTip {
        FailedTip(ref: ref, commit: commit, lastGood: good)
    }

    /// A push of `commit` whose deploys run to their ends in the order of `channels`.
    private static func run(
        _ stores: StoreSet, _ channels: [Channel], _ commit: CommitID, failing: [Channel] = []
    ) async throws {
        let deploys = channels.map { StoreSet.deploy($0, commit, ref: ref) }
        _ = try await stores.deploys.enqueue(deploys, at: StoreSet.date)
        for (deploy, channel) in zip(deploys, channels) {
            try await finish(stores, deploy, channel, fails: failing.contains { $0.id == channel.id })
        }
    }

    private static func finish(_ stores: StoreSet, _ deploy: Deploy, _ channel: Channel, fails: Bool) async throws {
        let started = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
        let commit = try #require(started?.commit)
        if fails {
            try await stores.deploys.fail(deploy.id, reason: "install.sh exited 1", at: StoreSet.date)
        } else {
            let release = try await stores.makeRelease(channel, commit: commit, deploy: deploy.id)
            try await stores.deploys.succeed(deploy.id, release: release.id, instance: nil, at: StoreSet.date)
        }
    }
}
