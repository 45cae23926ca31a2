import Core
import Foundation

/// A kept release, as it is shown.
public struct ReleaseOverview: Sendable {
    public let release: Release
    /// It is what the channel serves.
    public let isCurrent: Bool
}

extension DeployService {
    /// The channel's kept releases, newest first.
    public func releases(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [ReleaseOverview] {
        let channel = try await platform.channel(id, app: appID, of: principal)
        return try await platform.releases.releases(channel: channel.id).map {
            ReleaseOverview(release: $0, isCurrent: $0.id == channel.currentRelease)
        }
    }

    /// Queues a deploy of a kept release, with its own variables and without a build. Without a release it is the one that
    /// was live before the one of now. Throws `.notFound` when it is not kept (any more), `.conflict` when it is live or
    /// there is none to go back to.
    public func rollback(
        to wanted: ID<Release>??, channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Deploy {
        try Policy.require(.deploy, of: principal)
        let channel = try await platform.channel(id, app: appID, of: principal)
        let kept = try await platform.releases.releases(channel: channel.id)
        let release: Release
        if let wanted {
            guard let found = kept.first(where: { $0.id == wanted }) else { throw .notFound("release") }
            release = found
        } else {
            guard let found = try await previous(of: channel, kept) else {
                throw PlatformError(.conflict, "there is no earlier release to go back to")
            }
            release = found
        }
        guard release.id != channel.currentRelease else {
            throw PlatformError(.conflict, "the release is what the channel serves")
        }
        let deploy = make(
            channel, requested: release.commit.rawValue, ref: nil, commit: release.commit, release: release.id)
        try await enqueue([deploy])
        await deployQueue.wake(channel.id)
        return deploy
    }

    /// What the channel served before what it serves now; a rollback of a rollback goes further back.
    private func previous(of channel: Channel, _ kept: [Release]) async throws(PlatformError) -> Release? {
        guard let current = kept.firstIndex(where: { $0.id == channel.currentRelease }) else { return kept.first }
        return kept[(current + 1)...].first
    }
}
