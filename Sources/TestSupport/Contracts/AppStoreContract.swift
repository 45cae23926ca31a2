import Core
import Foundation
import Testing

/// What `AppStore` promises.
public enum AppStoreContract {
    public static let cases = lookups + settings + names + deletion

    private static let lookups = [
        ContractCase("an app is added with its prod channel and database record") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            #expect(try await stores.apps.app(app.id) == app)
            #expect(try await stores.channels.channels(app: app.id) == [prod])
            #expect(prod.account >= 200_000)
            #expect(try await stores.databases.database(channel: prod.id) == StoreSet.record(prod, owner: user.id))
        },
        ContractCase("every look-up of a stranger finds nothing") { stores in
            let user = try await stores.makeUser()
            let stranger = try await stores.makeUser("eve")
            let (app, _) = try await stores.makeApp(owner: user)
            #expect(try await stores.apps.app(app.id, owner: stranger.id) == nil)
            #expect(try await stores.apps.app(named: app.name, owner: stranger.id) == nil)
            #expect(try await stores.apps.apps(owner: stranger.id).isEmpty)
            #expect(try await stores.apps.markDeleted(app.id, owner: stranger.id) == false)
            #expect(try await stores.apps.app(app.id, owner: user.id) == app)
            #expect(try await stores.apps.app(named: app.name, owner: user.id) == app)
        },
        ContractCase("apps are listed oldest first") { stores in
            let user = try await stores.makeUser()
            let apps = [
                try await stores.makeApp("zeta", owner: user).app, try await stores.makeApp("alpha", owner: user).app,
            ]
            #expect(try await stores.apps.apps(owner: user.id) == apps)
            #expect(try await stores.apps.allApps() == apps)
        },
    ]

    private static let settings = [
        ContractCase("protected branches are kept, and only the owner sets them") { stores in
            let user = try await stores.makeUser()
            let stranger = try await stores.makeUser("eve")
            let (app, _) = try await stores.makeApp(owner: user)
            let branches = Set(["main", "release/1"].compactMap { BranchName($0) })
            #expect(try await stores.apps.setProtectedBranches(branches, of: app.id, owner: stranger.id) == false)
            #expect(try await stores.apps.app(app.id, owner: user.id)?.protectedBranches == [])
            #expect(try await stores.apps.setProtectedBranches(branches, of: app.id, owner: user.id))
            #expect(try await stores.apps.app(app.id, owner: user.id)?.protectedBranches == branches)
            #expect(try await stores.apps.app(named: app.name, owner: user.id)?.protectedBranches == branches)
            #expect(try await stores.apps.setProtectedBranches([], of: app.id, owner: user.id))
            #expect(try await stores.apps.app(app.id)?.protectedBranches == [])
        }
    ]

    private static let names = [
        ContractCase("a taken app name is a conflict that names it, and nothing is left") { stores in
            let user = try await stores.makeUser()
            _ = try await stores.makeApp("my-site", owner: user)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.makeApp("my-site", owner: user)
            }
            #expect(error?.code == .conflict)
            #expect(error?.message == "you already have an app named my-site")
            #expect(try await stores.apps.allApps().count == 1)
            #expect(try await stores.channels.allChannels().count == 1)
        },
        ContractCase("two users may each have an app of one name") { stores in
            _ = try await stores.makeApp("blog", owner: stores.makeUser("bob"))
            _ = try await stores.makeApp("blog", owner: stores.makeUser("alice"))
            #expect(try await stores.apps.allApps().count == 2)
        },
        ContractCase("a taken hostname is a conflict that names it, and nothing is left") { stores in
            // App "a-b" of user c and app "a" of user b-c: both would be a-b-c.
            _ = try await stores.makeApp("a-b", owner: stores.makeUser("c"))
            let second = try await stores.makeUser("b-c")
            let error = await #expect(throws: PlatformError.self) { _ = try await stores.makeApp("a", owner: second) }
            #expect(error?.code == .conflict)
            #expect(error?.message == "the hostname a-b-c is taken")
            #expect(error?.details["field"] == "hostname")
            #expect(try await stores.apps.apps(owner: second.id).isEmpty)
        },
        ContractCase("of twenty that ask for one name at once exactly one gets it") { stores in
            let user = try await stores.makeUser()
            let stored = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask { (try? await stores.makeApp("my-site", owner: user)) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(stored == 1)
            #expect(try await stores.apps.apps(owner: user.id).count == 1)
            #expect(try await stores.channels.allChannels().count == 1)
        },
    ]

    private static let deletion = [
        ContractCase("a deleted app is found by no look-up but deletedApps, once") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            #expect(try await stores.apps.markDeleted(app.id, owner: user.id))
            #expect(try await stores.apps.markDeleted(app.id, owner: user.id) == false)
            #expect(try await stores.apps.app(app.id) == nil)
            #expect(try await stores.apps.app(app.id, owner: user.id) == nil)
            #expect(try await stores.apps.app(named: app.name, owner: user.id) == nil)
            #expect(try await stores.apps.allApps().isEmpty)
            #expect(try await stores.channels.allChannels().isEmpty)
            #expect(try await stores.channels.channel(prod.id) == nil)
            #expect(try await stores.apps.deletedApps() == [app])
            #expect(try await stores.channels.deletedChannels() == [prod])
        },
        ContractCase("name and hostname of a deleted app are free at once, its account is not") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            _ = try await stores.apps.markDeleted(app.id, owner: user.id)
            let (next, nextProd) = try await stores.makeApp(owner: user)
            #expect(next.id != app.id)
            #expect(nextProd.label == prod.label)
            #expect(nextProd.account != prod.account)
        },
        ContractCase("purge removes a deleted app and all that hangs on it, and no other") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            let deploy = StoreSet.deploy(prod, StoreSet.commit("a"))
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            let release = try await stores.makeRelease(prod, commit: StoreSet.commit("a"), deploy: deploy.id)
            try await stores.instances.insert(
                Instance(channelID: prod.id, releaseID: release.id, createdAt: StoreSet.date))
            try await stores.environment.set(EnvironmentKey("KEY"), value: "v", app: app.id)
            try await stores.apps.purge(app.id)
            #expect(try await stores.apps.app(app.id) == app)

            _ = try await stores.apps.markDeleted(app.id, owner: user.id)
            try await stores.apps.purge(app.id)
            #expect(try await stores.apps.deletedApps().isEmpty)
            #expect(try await stores.channels.deletedChannels().isEmpty)
            #expect(try await stores.databases.database(channel: prod.id) == nil)
            #expect(try await stores.deploys.deploy(deploy.id) == nil)
            #expect(try await stores.releases.allReleaseIDs().isEmpty)
            #expect(try await stores.instances.instances().isEmpty)
            #expect(try await stores.environment.values(app: app.id).isEmpty)
        },
    ]
}
