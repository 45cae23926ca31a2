import Core

/// Releases in memory.
public struct InMemoryReleaseStore: ReleaseStore {
    let tables: InMemoryTables

    public func insert(_ release: Release, environment: [String: String]) async throws(PlatformError) {
        try await tables.pass(.insertRelease)
        try tables.write { (state) throws(PlatformError) in
            guard state.channels.contains(where: { $0.id == release.channelID }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            state.releases.append(InMemoryTables.ReleaseRow(release: release, environment: environment))
        }
    }

    public func release(_ id: ID<Release>) async throws(PlatformError) -> Release? {
        try tables.read { $0.releases.first { $0.release.id == id }?.release }
    }

    public func environment(of id: ID<Release>) async throws(PlatformError) -> [String: String] {
        try tables.read { (state) throws(PlatformError) in
            guard let row = state.releases.first(where: { $0.release.id == id }) else {
                throw PlatformError.notFound("release")
            }
            return row.environment
        }
    }

    public func releases(channel: ID<Channel>) async throws(PlatformError) -> [Release] {
        try tables.read { $0.releases.map(\.release).filter { $0.channelID == channel }.reversed() }
    }

    public func delete(_ id: ID<Release>) async throws(PlatformError) {
        try tables.write { state in
            state.releases.removeAll { $0.release.id == id }
            for index in state.channels.indices where state.channels[index].currentRelease == id {
                state.channels[index].currentRelease = nil
            }
        }
    }

    public func allReleaseIDs() async throws(PlatformError) -> Set<ID<Release>> {
        try tables.read { Set($0.releases.map(\.release.id)) }
    }
}
