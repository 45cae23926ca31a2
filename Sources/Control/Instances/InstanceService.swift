import Core

/// Shows what runs of a channel, and what it writes, without the values of its variables.
public struct InstanceService: Sendable {
    /// Lines that wait at most for somebody who reads slowly: an app may print without end.
    public static let linesAhead = 5000

    private let platform: Platform
    private let tokens: TokenService
    private let followers: Followers

    init(platform: Platform, tokens: TokenService, followers: Followers) {
        self.platform = platform
        self.tokens = tokens
        self.followers = followers
    }

    /// The channel's instances, newest first.
    public func list(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [Instance] {
        let channel = try await platform.channel(id, app: appID, of: principal)
        return try await platform.instances.instances(channel: channel.id).reversed()
    }

    /// The channel's instances that have been stopped and whose log is kept, newest first.
    public func stopped(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [Instance] {
        let channel = try await platform.channel(id, app: appID, of: principal)
        return try await platform.instances.stopped(channel: channel.id)
    }

    /// The last lines that an instance wrote, oldest first, also when it has been stopped.
    public func output(
        of instance: ID<Instance>?, lines: Int, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [String] {
        let instance = try await find(instance, channel: channel, app: app, by: principal)
        let mask = try await mask(of: instance)
        return await platform.runner.recentOutput(instance.id, lines: lines).map { mask.shown($0) }
    }

    /// The last lines that an instance wrote, then those to come, until it is gone or the caller's token revoked. Throws
    /// `.rateLimited` when too many are followed.
    public func follow(
        _ instance: ID<Instance>?, lines: Int, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> AsyncStream<String> {
        let instance = try await find(instance, channel: channel, app: app, by: principal)
        let mask = try await mask(of: instance)
        return try TokenBoundStream.bind(
            platform.runner.follow(instance.id, last: lines), tokens, principal, among: followers,
            buffering: Self.linesAhead
        ) { mask.shown($0) }
    }

    /// Throws `.notFound`, before anything else of a request is looked at.
    public func find(
        _ id: ID<Instance>?, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Instance {
        let list = try await list(channel: channel, app: app, by: principal)
        guard let id else { throw .notFound("instance") }
        if let instance = list.first(where: { $0.id == id }) { return instance }
        let stopped = try await stopped(channel: channel, app: app, by: principal)
        guard let instance = stopped.first(where: { $0.id == id }) else { throw .notFound("instance") }
        return instance
    }

    /// Hides what the instance was started with, and what its app has now: of an instance that has been stopped the release
    /// may be gone.
    private func mask(of instance: Instance) async throws(PlatformError) -> SecretMask {
        var environments: [[String: String]] = []
        do throws(PlatformError) {
            environments.append(try await platform.releases.environment(of: instance.releaseID))
        } catch {
            guard error.code == .notFound else { throw error }
        }
        if let channel = try await platform.channels.channel(instance.channelID) {
            environments.append(try await platform.environment.values(app: channel.appID))
        }
        if let database = try await platform.databases.database(channel: instance.channelID) {
            environments.append(["DATABASE_PASSWORD": database.password])
        }
        return SecretMask(environments)
    }
}
