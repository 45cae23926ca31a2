import Core

/// Channels in memory.
public struct InMemoryChannelStore: ChannelStore {
    let tables: InMemoryTables

    public func insert(_ channel: Channel, database: DatabaseRecord) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            let hasApp = state.apps.contains { $0.id == channel.appID } && !state.deletedApps.contains(channel.appID)
            guard hasApp else { throw PlatformError.notFound("app") }
            try state.add(channel, database)
        }
    }

    public func channels(app: ID<App>) async throws(PlatformError) -> [Channel] {
        let channels = try await allChannels().filter { $0.appID == app }
        return channels.filter(\.isProd) + channels.filter { !$0.isProd }
    }

    public func channels(apps: [ID<App>]) async throws(PlatformError) -> [ID<App>: [Channel]] {
        var result: [ID<App>: [Channel]] = [:]
        for app in apps {
            let channels = try await channels(app: app)
            if !channels.isEmpty { result[app] = channels }
        }
        return result
    }

    public func channel(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Channel? {
        try await allChannels().first { $0.id == id && $0.appID == app }
    }

    public func channel(_ id: ID<Channel>) async throws(PlatformError) -> Channel? {
        try await allChannels().first { $0.id == id }
    }

    public func allChannels() async throws(PlatformError) -> [Channel] { try tables.read { $0.liveChannels } }

    public func setBinding(_ binding: GitRefBinding, channel: ID<Channel>) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.isLive(channel), let index = state.channels.firstIndex(where: { $0.id == channel }) else {
                throw PlatformError.notFound("channel")
            }
            state.channels[index].binding = binding
        }
    }

    public func markDeleted(_ id: ID<Channel>, app: ID<App>) async throws(PlatformError) -> Bool {
        try tables.write { state in
            guard state.channels.contains(where: { $0.id == id && $0.appID == app }) else { return false }
            return state.deletedChannels.insert(id).inserted
        }
    }

    public func deletedChannels() async throws(PlatformError) -> [Channel] {
        try tables.read { state in state.channels.filter { state.deletedChannels.contains($0.id) } }
    }

    public func purge(_ id: ID<Channel>) async throws(PlatformError) {
        try tables.write { state in
            if state.deletedChannels.contains(id) { state.removeChannel(id) }
        }
    }
}
