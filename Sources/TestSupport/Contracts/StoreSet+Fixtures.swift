import Core
import Foundation

extension StoreSet {
    /// A whole second, so that every store gives it back as it was.
    public static let date = Date(timeIntervalSince1970: 1_776_854_400)

    public func makeUser(_ name: String = "bob", isAdmin: Bool = false) async throws -> User {
        let user = User(name: try UserName(name), isAdmin: isAdmin, createdAt: Self.date)
        try await users.insert(user)
        return user
    }

    /// An app with its `prod` channel.
    public func makeApp(_ name: String = "my-site", owner: User) async throws -> (app: App, prod: Channel) {
        let app = App(
            ownerID: owner.id, ownerName: owner.name, name: try AppName(name), template: "static",
            createdAt: Self.date)
        let prod = try Self.channel(Channel.prodName, app: app)
        try await apps.insert(app, prod: prod, database: Self.record(prod, owner: owner.id))
        guard let stored = try await channels.channel(prod.id) else { throw PlatformError.notFound("channel") }
        return (app, stored)
    }

    public func makeChannel(_ name: String, app: App) async throws -> Channel {
        let channel = try Self.channel(name, app: app)
        try await channels.insert(channel, database: Self.record(channel, owner: app.ownerID))
        guard let stored = try await channels.channel(channel.id) else { throw PlatformError.notFound("channel") }
        return stored
    }

    /// A release, stored, as a build of `commit` leaves it.
    public func makeRelease(_ channel: Channel, commit: CommitID, deploy: ID<Deploy> = ID()) async throws -> Release {
        let release = Release(
            id: ID(), appID: channel.appID, channelID: channel.id, deployID: deploy, commit: commit,
            plan: RunPlan(kind: .web, command: ["node", "server.js"]), isPristine: true, createdAt: Self.date)
        try await releases.insert(release, environment: ["GREETING": "hello"])
        return release
    }

    /// A channel that is not stored yet.
    public static func channel(_ name: String, app: App) throws -> Channel {
        let name = try ChannelName(name)
        return Channel(
            appID: app.id, name: name, label: try SiteLabel(channel: name, app: app.name, user: app.ownerName),
            binding: .branch(.master), createdAt: date)
    }

    public static func record(_ channel: Channel, owner: ID<User>) -> DatabaseRecord {
        DatabaseRecord(
            channelID: channel.id, identity: DatabaseIdentity(user: owner, channel: channel.id),
            password: "p-\(channel.id.hex)")
    }

    /// A queued deploy that is not stored yet, as a push of `commit` to `ref` makes it.
    public static func deploy(_ channel: Channel, _ commit: CommitID?, ref: String? = "refs/heads/master") -> Deploy {
        Deploy(
            appID: channel.appID, channelID: channel.id, requested: commit?.rawValue ?? "HEAD", ref: ref,
            commit: commit, createdAt: date)
    }

    /// A commit's name made of one digit.
    public static func commit(_ digit: Character) -> CommitID {
        guard let commit = CommitID(String(repeating: digit, count: 40)) else {
            preconditionFailure("not a hex digit: \(digit)")
        }
        return commit
    }
}
