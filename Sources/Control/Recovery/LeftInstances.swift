import Core

/// Ends instances that were being started or were on their way out, and that nobody works on any more: what was to end them, or
/// to write that down, has failed.
struct LeftInstances: Sendable {
    let platform: Platform
    let work: ServingWork
    let retirement: Retirement
    let starter: InstanceStarter
    let sites: SiteRoutes
    let events: EventService

    /// Looks at all of them.
    func look() async throws(PlatformError) {
        let left = try await platform.instances.instances().filter { $0.state == .starting || $0.state == .draining }
        for channel in Set(left.map(\.channelID)) {
            _ = try await work.runIfFree(on: channel) { () async throws(PlatformError) in try await end(of: channel) }
        }
    }

    /// In the channel's turn: whoever starts one has that, and whoever replaces one begins to drain it in it.
    private func end(of id: ID<Channel>) async throws(PlatformError) {
        guard let channel = try await platform.channels.channel(id) else { return }
        var served: ID<Instance>?
        if case .instance(let endpoint)? = sites.target(of: channel) { served = endpoint.id }
        // What serves although it was to end goes on, as long as there is nothing in its place.
        for instance in try await platform.instances.instances(channel: id) where instance.id != served {
            switch instance.state {
            case .starting: await starter.discard(instance.id)
            case .draining: guard try await retirement.takeUp(instance.id, of: id) else { continue }
            case .live, .asleep, .suspended, .stopped: continue
            }
            await events.note(
                .strayRemoved, app: channel.appID, channel: id,
                "the instance \(instance.id) was to end, and nobody was ending it: ended")
        }
    }
}
