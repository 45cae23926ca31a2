import Core
import Foundation
import Testing

/// What `ChannelStore` and `DatabaseStore` promise.
public enum ChannelStoreContract {
    public static let cases = [
        ContractCase("channels come prod first, then in the order of creation") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let zeta = try await stores.makeChannel("zeta", app: app)
            let alpha = try await stores.makeChannel("alpha", app: app)
            #expect(try await stores.channels.channels(app: app.id) == [prod, zeta, alpha])
            #expect(try await stores.channels.channels(apps: [app.id, ID()]) == [app.id: [prod, zeta, alpha]])
            #expect(try await stores.channels.channels(apps: []).isEmpty)
        },
        ContractCase("a channel is found inside its app only") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp("one", owner: user)
            let (other, _) = try await stores.makeApp("two", owner: user)
            #expect(try await stores.channels.channel(prod.id, app: app.id) == prod)
            #expect(try await stores.channels.channel(prod.id, app: other.id) == nil)
            #expect(try await stores.channels.markDeleted(prod.id, app: other.id) == false)
        },
        ContractCase("a second channel of one name is a conflict that names it") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            _ = try await stores.makeChannel("staging", app: app)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.makeChannel("staging", app: app)
            }
            #expect(error?.code == .conflict)
            #expect(error?.message == "this app already has a channel named staging")
        },
        ContractCase("a channel whose hostname another app has is a conflict that names it") { stores in
            let user = try await stores.makeUser()
            _ = try await stores.makeApp("dev-blog", owner: user)
            let (blog, prod) = try await stores.makeApp("blog", owner: user)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.makeChannel("dev", app: blog)
            }
            #expect(error?.code == .conflict)
            #expect(error?.message == "the hostname dev-blog-bob is taken")
            #expect(try await stores.channels.channels(app: blog.id) == [prod])
        },
        ContractCase("a channel cannot be added to an app that is being deleted") { stores in
            let user = try await stores.makeUser()
            let (app, _) = try await stores.makeApp(owner: user)
            _ = try await stores.apps.markDeleted(app.id, owner: user.id)
            let error = await #expect(throws: PlatformError.self) {
                _ = try await stores.makeChannel("staging", app: app)
            }
            #expect(error?.code == .notFound)
        },
        ContractCase("accounts differ; a purged channel's is the next to be given out") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let first = try await stores.makeChannel("first", app: app)
            let second = try await stores.makeChannel("second", app: app)
            #expect([prod, first, second].map(\.account) == [200_000, 200_001, 200_002])
            _ = try await stores.channels.markDeleted(first.id, app: app.id)
            #expect(try await stores.makeChannel("third", app: app).account == 200_003)
            try await stores.channels.purge(first.id)
            #expect(try await stores.makeChannel("fourth", app: app).account == 200_001)
        },
        ContractCase("the binding can be changed") { stores in
            let (_, prod) = try await stores.makeApp(owner: stores.makeUser())
            let binding = try GitRefBinding("branch:main")
            try await stores.channels.setBinding(binding, channel: prod.id)
            #expect(try await stores.channels.channel(prod.id)?.binding == binding)
        },
        ContractCase("a deleted channel is hidden, its name and hostname are free, purge removes it") { stores in
            let (app, prod) = try await stores.makeApp(owner: stores.makeUser())
            let staging = try await stores.makeChannel("staging", app: app)
            #expect(try await stores.channels.markDeleted(staging.id, app: app.id))
            #expect(try await stores.channels.markDeleted(staging.id, app: app.id) == false)
            #expect(try await stores.channels.channels(app: app.id) == [prod])
            #expect(try await stores.channels.deletedChannels().map(\.id) == [staging.id])
            _ = try await stores.makeChannel("staging", app: app)
            try await stores.channels.purge(staging.id)
            try await stores.channels.purge(prod.id)
            #expect(try await stores.channels.deletedChannels().isEmpty)
            #expect(try await stores.databases.database(channel: staging.id) == nil)
            #expect(try await stores.channels.channels(app: app.id).count == 2)
        },
        ContractCase("a database record keeps its password and takes a status") { stores in
            let user = try await stores.makeUser()
            let (_, prod) = try await stores.makeApp(owner: user)
            try await stores.databases.setStatus(.failed, lastError: "no room", channel: prod.id)
            var expected = StoreSet.record(prod, owner: user.id)
            expected.status = .failed
            expected.lastError = "no room"
            #expect(try await stores.databases.database(channel: prod.id) == expected)
            try await stores.databases.setStatus(.ready, lastError: nil, channel: prod.id)
            #expect(try await stores.databases.database(channel: prod.id)?.lastError == nil)
        },
        ContractCase("the database records of all live channels are listed in their order") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            let staging = try await stores.makeChannel("staging", app: app)
            let gone = try await stores.makeChannel("gone", app: app)
            #expect(try await stores.channels.markDeleted(gone.id, app: app.id))
            let records = try await stores.databases.databases()
            #expect(records.map(\.channelID) == [prod.id, staging.id])
            #expect(records.first == StoreSet.record(prod, owner: user.id))
        },
        ContractCase("two channels never share a schema or a role") { stores in
            let user = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: user)
            let channel = try StoreSet.channel("staging", app: app)
            let clash = DatabaseRecord(
                channelID: channel.id, identity: DatabaseIdentity(user: user.id, channel: prod.id), password: "p")
            let error = await #expect(throws: PlatformError.self) {
                try await stores.channels.insert(channel, database: clash)
            }
            #expect(error?.code == .conflict)
            #expect(error?.details["field"] == "database")
            #expect(try await stores.channels.channels(app: app.id) == [prod])
        },
    ]
}
