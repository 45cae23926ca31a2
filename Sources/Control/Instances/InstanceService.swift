import Core

/// Shows what runs of a channel, and what it writes.
public struct InstanceService: Sendable {
    /// Lines that wait at most for somebody who reads slowly: an app may print without end.
    public static let linesAhead = 5000

    private let platform: Platform
    private let tokens: TokenService

    init(platform: Platform, tokens: TokenService) {
        self.platform = platform
        self.tokens = tokens
    }

    /// The channel's instances, newest first.
    public func list(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [Instance] {
        let channel = try await platform.channel(id, app: appID, of: principal)
        return try await platform.instances.instances(channel: channel.id).reversed()
    }

    /// The last lines that an instance wrote, oldest first.
    public func output(
        of instance: ID<Instance>?, lines: Int, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [String] {
        let instance = try await find(instance, channel: channel, app: app, by: principal)
        return await platform.runner.recentOutput(instance.id, lines: lines).map(LogText.harmless)
    }

    /// The last lines that an instance wrote, then those to come, until it is gone or the caller's token revoked.
    public func follow(
        _ instance: ID<Instance>?, lines: Int, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> AsyncStream<String> {
        let instance = try await find(instance, channel: channel, app: app, by: principal)
        return TokenBoundStream.bind(
            platform.runner.follow(instance.id, last: lines), tokens, principal, buffering: Self.linesAhead,
            LogText.harmless)
    }

    /// Throws `.notFound`, before anything else of a request is looked at.
    public func find(
        _ id: ID<Instance>?, channel: ID<Channel>?, app: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Instance {
        let instances = try await list(channel: channel, app: app, by: principal)
        guard let id, let instance = instances.first(where: { $0.id == id }) else { throw .notFound("instance") }
        return instance
    }
}
