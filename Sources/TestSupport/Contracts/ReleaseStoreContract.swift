import Core
import Foundation
import Testing

/// What `ReleaseStore`, `InstanceStore`, `EnvironmentStore` and `DeployLogStore` promise.
public enum ReleaseStoreContract {
    public static let cases = [
        ContractCase("a release comes back as it was stored, with its environment") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let plan = RunPlan(
                kind: .web, command: ["npm", "start"], portVariable: "HTTP_PORT", port: 9000, healthPath: "/up",
                readySeconds: 5, graceSeconds: 3, environment: ["NODE_ENV": "production"])
            let release = Release(
                id: ID(), appID: prod.appID, channelID: prod.id, deployID: ID(), commit: StoreSet.commit("c"),
                plan: plan, isPristine: false, createdAt: StoreSet.date)
            let environment = ["EMPTY": "", "TEXT": "zwei\nZeilen \u{1F6A2}"]
            try await stores.releases.insert(release, environment: environment)
            #expect(try await stores.releases.release(release.id) == release)
            #expect(try await stores.releases.environment(of: release.id) == environment)
            #expect(try await stores.releases.release(ID()) == nil)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.releases.environment(of: ID())
            }
            #expect(error?.code == .notFound)
        },
        ContractCase("releases are listed newest first and can be removed") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let first = try await stores.makeRelease(prod, commit: StoreSet.commit("a"))
            let second = try await stores.makeRelease(prod, commit: StoreSet.commit("b"))
            #expect(try await stores.releases.releases(channel: prod.id) == [second, first])
            #expect(try await stores.releases.allReleaseIDs() == [first.id, second.id])
            try await stores.releases.delete(first.id)
            try await stores.releases.delete(first.id)
            #expect(try await stores.releases.releases(channel: prod.id) == [second])
        },
        ContractCase("instances are kept until they are removed") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let first = Instance(channelID: prod.id, releaseID: ID(), createdAt: StoreSet.date)
            let second = Instance(channelID: prod.id, releaseID: ID(), state: .draining, createdAt: StoreSet.date)
            try await stores.instances.insert(first)
            try await stores.instances.insert(second)
            #expect(try await stores.instances.instances() == [first, second])
            #expect(try await stores.instances.instances(channel: ID()).isEmpty)
            try await stores.instances.delete(first.id)
            #expect(try await stores.instances.instances(channel: prod.id) == [second])
        },
        ContractCase("instances that are stopped are apart from the others, and stay so") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let list = [Instance.State.live, .live, .asleep, .live].map {
                Instance(channelID: prod.id, releaseID: ID(), state: $0, createdAt: StoreSet.date)
            }
            for instance in list { try await stores.instances.insert(instance) }
            for instance in list.prefix(2) { try await stores.instances.setState(.stopped, of: instance.id) }
            try await stores.instances.setState(.stopped, of: ID())
            #expect(try await stores.instances.instances() == [list[2], list[3]])
            #expect(try await stores.instances.instances(channel: prod.id) == [list[2], list[3]])
            let stopped = try await stores.instances.stopped(channel: prod.id)
            #expect(stopped.map(\.id) == [list[1].id, list[0].id] && stopped.allSatisfy { $0.state == .stopped })
            #expect(try await stores.instances.stopped() == stopped)
            #expect(try await stores.instances.stopped(channel: ID()).isEmpty)
            // What a switch makes of the channel's instances does not bring them back, and of what was asleep nothing is left.
            let deploy = Deploy(
                appID: app.id, channelID: prod.id, requested: "HEAD", ref: nil, commit: StoreSet.commit("a"),
                createdAt: StoreSet.date)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            let release = try await stores.makeRelease(prod, commit: StoreSet.commit("a"))
            try await stores.deploys.succeed(deploy.id, release: release.id, instance: nil, at: StoreSet.date)
            #expect(try await stores.instances.stopped().count == 2)
            let others = try await stores.instances.instances()
            #expect(others.map(\.id) == [list[3].id] && others.map(\.state) == [.draining])
        },
        ContractCase("an instance that is suspended says why, and is on its way out with the next version") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let instance = Instance(channelID: prod.id, releaseID: ID(), state: .live, createdAt: StoreSet.date)
            let other = Instance(channelID: prod.id, releaseID: ID(), state: .asleep, createdAt: StoreSet.date)
            for instance in [instance, other] { try await stores.instances.insert(instance) }
            try await stores.instances.suspend(instance.id, because: "its volumes are full \u{1F6A2}")
            try await stores.instances.suspend(ID(), because: "it is not there")
            var suspended = instance
            (suspended.state, suspended.reason) = (.suspended, "its volumes are full \u{1F6A2}")
            #expect(try await stores.instances.instances() == [suspended, other])
            let deploy = Deploy(
                appID: app.id, channelID: prod.id, requested: "HEAD", ref: nil, commit: StoreSet.commit("a"),
                createdAt: StoreSet.date)
            _ = try await stores.deploys.enqueue([deploy], at: StoreSet.date)
            _ = try await stores.deploys.start(deploy.id, commit: nil, at: StoreSet.date)
            let release = try await stores.makeRelease(prod, commit: StoreSet.commit("a"))
            try await stores.deploys.succeed(deploy.id, release: release.id, instance: nil, at: StoreSet.date)
            #expect(try await stores.instances.instances(channel: prod.id).map(\.state) == [.draining])
            try await stores.instances.setState(.stopped, of: instance.id)
            #expect(try await stores.instances.stopped(channel: prod.id).map(\.reason) == [suspended.reason])
        },
        ContractCase("an env value is set, replaced and removed, inside its app") { stores in
            let user = try await stores.makeUser()
            let (app, _) = try await stores.makeApp("one", owner: user)
            let (other, _) = try await stores.makeApp("two", owner: user)
            let key = try EnvironmentKey("GREETING")
            try await stores.environment.set(key, value: "hello", app: app.id)
            try await stores.environment.set(EnvironmentKey("B"), value: "", app: app.id)
            try await stores.environment.set(key, value: "ahoy\n\u{1F6A2}", app: app.id)
            #expect(try await stores.environment.values(app: app.id) == ["GREETING": "ahoy\n\u{1F6A2}", "B": ""])
            #expect(try await stores.environment.names(app: app.id) == ["B", "GREETING"])
            #expect(try await stores.environment.values(app: other.id).isEmpty)
            #expect(try await stores.environment.remove("GREETING", app: other.id) == false)
            #expect(try await stores.environment.remove("GREETING", app: app.id))
            #expect(try await stores.environment.remove("GREETING", app: app.id) == false)
            #expect(try await stores.environment.values(app: app.id) == ["B": ""])
        },
        ContractCase("a deploy log is what was appended, in order, also after it was synced") { stores in
            let id = ID<Deploy>()
            #expect(try await stores.logs.read(id) == nil)
            try stores.logs.append("one\n", deploy: id)
            try stores.logs.append("zwei \u{1F6A2}\n", deploy: id)
            try stores.logs.sync(id)
            try stores.logs.append("three\n", deploy: id)
            #expect(try await stores.logs.read(id) == Data("one\nzwei \u{1F6A2}\nthree\n".utf8))
            await stores.logs.delete([id, ID()])
            #expect(try await stores.logs.read(id) == nil)
        },
    ]
}
