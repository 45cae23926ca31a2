import Core
import Foundation
import Testing

/// What `StatisticsStore` promises, and `DeployStore` of its pages.
public enum StatisticsStoreContract {
    private static let a = StoreSet.commit("a")
    private static let b = StoreSet.commit("b")

    public static let cases = [
        ContractCase("somebody without apps has zeros") { stores in
            let user = try await stores.makeUser()
            _ = try await stores.makeApp(owner: stores.makeUser("eve"))
            let figures = try await stores.statistics.statistics(owner: user.id, now: StoreSet.date)
            #expect(figures == UserStatistics())
        },
        ContractCase("apps, channels and deploys are counted, sites and live instances listed") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            let staging = try await stores.makeChannel("staging", app: app)
            _ = try await stores.makeChannel("idle", app: app)
            let now = StoreSet.date.addingTimeInterval(7200)

            let good = StoreSet.deploy(prod, a, ref: "refs/heads/main")
            try await succeed(good, prod, stores)
            let bad = StoreSet.deploy(prod, b, ref: "refs/heads/other")
            _ = try await stores.deploys.enqueue([bad], at: now)
            try await stores.deploys.fail(bad.id, reason: "no", at: now)
            let waiting = Deploy(
                appID: app.id, channelID: staging.id, requested: "HEAD", ref: nil, commit: nil, createdAt: now)
            _ = try await stores.deploys.enqueue([waiting], at: now)

            let figures = try await stores.statistics.statistics(owner: user.id, now: now)
            #expect(figures.apps == 1 && figures.channels == 3 && figures.runningChannels == 1)
            #expect(figures.deploysLastHour == 1 && figures.deploysLastDay == 3)
            #expect(figures.successLastDay == 1 && figures.failedLastDay == 1)
            let expected = [
                SiteStatistics(
                    label: prod.label, app: app.name, ref: "refs/heads/main", binding: prod.binding, isRunning: true,
                    commit: a, latestDeploy: bad.id, latestStatus: .failed),
                SiteStatistics(
                    label: staging.label, app: app.name, ref: nil, binding: staging.binding, isRunning: false,
                    commit: nil, latestDeploy: waiting.id, latestStatus: .queued),
            ]
            #expect(figures.sites == expected)
            #expect(figures.instances == (try await stores.instances.instances().map(\.id)))
            let later = try await stores.statistics.statistics(owner: user.id, now: now.addingTimeInterval(86_400))
            #expect(later.deploysLastDay == 0 && later.sites == expected)
        },
        ContractCase("what is being deleted does not count") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            let staging = try await stores.makeChannel("staging", app: app)
            for channel in [prod, staging] { try await succeed(StoreSet.deploy(channel, a), channel, stores) }
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            var figures = try await stores.statistics.statistics(owner: user.id, now: StoreSet.date)
            #expect(figures.channels == 1 && figures.sites.count == 1 && figures.instances.count == 1)
            #expect(figures.deploysLastDay == 1)
            _ = try await stores.apps.markDeleted(app.id, owner: user.id)
            figures = try await stores.statistics.statistics(owner: user.id, now: StoreSet.date)
            #expect(figures == UserStatistics())
        },
        ContractCase("pages of deploys follow one another without gaps, whatever is added meanwhile") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let (other, _) = try await stores.makeApp("other", owner: stores.makeUser("eve"))
            let staging = try await stores.makeChannel("staging", app: app)
            var ids: [ID<Deploy>] = []
            for channel in [prod, staging, prod, prod, staging] {
                let deploy = StoreSet.deploy(channel, a)
                _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
                ids.insert(deploy.id, at: 0)
            }
            let first = try await stores.deploys.page(app: app.id, channel: nil, before: nil, limit: 2)
            #expect(first.deploys.map(\.id) == Array(ids[0...1]))
            _ = try await stores.deploys.enqueue([StoreSet.deploy(prod, b)], at: StoreSet.date)
            let second = try await stores.deploys.page(app: app.id, channel: nil, before: first.next, limit: 3)
            #expect(second.deploys.map(\.id) == Array(ids[2...4]) && second.next == nil)
            let ofStaging = try await stores.deploys.page(app: app.id, channel: staging.id, before: nil, limit: 1)
            #expect(ofStaging.deploys.map(\.id) == [ids[0]] && ofStaging.next != nil)
            let foreign = try await stores.deploys.page(app: other.id, channel: staging.id, before: nil, limit: 9)
            #expect(foreign.deploys.isEmpty && foreign.next == nil)
            _ = try await stores.channels.markDeleted(staging.id, app: app.id)
            let left = try await stores.deploys.page(app: app.id, channel: nil, before: nil, limit: 9)
            #expect(left.deploys.allSatisfy { $0.channelID == prod.id } && left.deploys.count == 4)
        },
    ]

    /// Takes a deploy to its end, with a live instance.
    private static func succeed(_ deploy: Deploy, _ channel: Channel, _ stores: StoreSet) async throws {
        _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
        _ = try await stores.deploys.start(deploy.id, commit: deploy.commit, at: StoreSet.date)
        let release = try await stores.makeRelease(channel, commit: a, deploy: deploy.id)
        let instance = Instance(channelID: channel.id, releaseID: release.id, createdAt: StoreSet.date)
        try await stores.instances.insert(instance)
        try await stores.deploys.succeed(deploy.id, release: release.id, instance: instance.id, at: StoreSet.date)
    }
}
