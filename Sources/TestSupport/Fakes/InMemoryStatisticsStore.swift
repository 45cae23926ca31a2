import Core
import Foundation

/// Figures out of the state in memory.
public struct InMemoryStatisticsStore: StatisticsStore {
    let tables: InMemoryTables

    public func statistics(owner: ID<User>, now: Date) async throws(PlatformError) -> UserStatistics {
        try tables.read { state in
            var figures = UserStatistics()
            let apps = state.apps.filter { $0.ownerID == owner && !state.deletedApps.contains($0.id) }
            figures.apps = apps.count
            for app in apps {
                let channels = state.liveChannels.filter { $0.appID == app.id }
                figures.channels += channels.count
                figures.runningChannels += channels.count { $0.currentRelease != nil }
                for channel in channels.filter(\.isProd) + channels.filter({ !$0.isProd }) {
                    figures.sites += state.site(channel, of: app).map { [$0] } ?? []
                    figures.instances += state.instances.filter { $0.channelID == channel.id && $0.state == .live }
                        .map(\.id)
                    let deploys = state.deploys.filter {
                        $0.channelID == channel.id && $0.createdAt > now.addingTimeInterval(-86_400)
                    }
                    figures.deploysLastDay += deploys.count
                    figures.deploysLastHour += deploys.count { $0.createdAt > now.addingTimeInterval(-3600) }
                    figures.successLastDay += deploys.count { $0.status == .success }
                    figures.failedLastDay += deploys.count { $0.status == .failed }
                }
            }
            return figures
        }
    }
}

extension InMemoryTables.State {
    fileprivate func site(_ channel: Channel, of app: App) -> SiteStatistics? {
        guard let latest = deploys.last(where: { $0.channelID == channel.id }) else { return nil }
        let release = releases.first { $0.release.id == channel.currentRelease }?.release
        let live = deploys.first { $0.id == release?.deployID }
        return SiteStatistics(
            label: channel.label, app: app.name, ref: live == nil ? latest.ref : live?.ref, binding: channel.binding,
            isRunning: channel.currentRelease != nil, commit: channel.currentCommit, latestDeploy: latest.id,
            latestStatus: latest.status)
    }
}
