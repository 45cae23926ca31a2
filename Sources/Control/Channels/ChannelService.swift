import Core
import Logging

/// Makes, shows and deletes an app's channels.
public struct ChannelService: Sendable {
    private let platform: Platform
    private let databases: DatabaseService
    private let removal: Removal
    private let sites: SiteRoutes

    init(platform: Platform, databases: DatabaseService, removal: Removal, sites: SiteRoutes) {
        self.platform = platform
        self.databases = databases
        self.removal = removal
        self.sites = sites
    }

    public func list(app id: ID<App>?, by principal: Principal) async throws(PlatformError) -> [Channel] {
        try await platform.channels.channels(app: try await app(id, of: principal).id)
    }

    public func get(
        _ id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Channel {
        let app = try await app(appID, of: principal)
        guard let id, let channel = try await platform.channels.channel(id, app: app.id) else {
            throw .notFound("channel")
        }
        return channel
    }

    /// Throws `.invalid` for a bad, reserved or taken name, a taken hostname and a bad binding.
    public func create(
        name: String, binding: String, app id: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Channel {
        try Policy.require(.channel, of: principal)
        let app = try await app(id, of: principal)
        let name = try ChannelName(name)
        guard name.rawValue != Channel.prodName else {
            throw .invalid("name must not be \"prod\": that channel is made with the app")
        }
        let label = try SiteLabel(channel: name, app: app.name, user: app.ownerName)
        let binding = try GitRefBinding(binding)
        let channel = try await databases.inserting { () async throws(PlatformError) in
            let channel = Channel(appID: app.id, name: name, label: label, binding: binding, createdAt: platform.now())
            try await platform.channels.insert(
                channel, database: databases.record(for: channel.id, owner: app.ownerID))
            return channel
        }
        sites.claim(sites.placeholder(of: app), for: channel)
        await databases.begin(channel.id)
        platform.logger.info("channel created", metadata: ["app": "\(app.id)", "channel": "\(channel.id)"])
        return channel
    }

    /// Deletes a channel with all that belongs to it; `prod` goes only with its app.
    public func delete(_ id: ID<Channel>?, app appID: ID<App>?, by principal: Principal) async throws(PlatformError) {
        try Policy.require(.channel, of: principal)
        let channel = try await get(id, app: appID, by: principal)
        guard !channel.isProd else { throw .invalid("the prod channel cannot be deleted; delete the app instead") }
        guard try await platform.channels.markDeleted(channel.id, app: channel.appID) else {
            throw .notFound("channel")
        }
        platform.pass(.deletionMarked)
        sites.withdraw(channel)
        platform.logger.info("channel deleted", metadata: ["channel": "\(channel.id)"])
        await removal.remove(channel)
    }

    private func app(_ id: ID<App>?, of principal: Principal) async throws(PlatformError) -> App {
        guard let id, let app = try await platform.apps.app(id, owner: principal.user.id) else {
            throw .notFound("app")
        }
        return app
    }
}
