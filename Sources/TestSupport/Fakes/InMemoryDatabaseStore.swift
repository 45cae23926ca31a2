import Core

/// Database records in memory.
public struct InMemoryDatabaseStore: DatabaseStore {
    let tables: InMemoryTables

    public func database(channel: ID<Channel>) async throws(PlatformError) -> DatabaseRecord? {
        try tables.read { $0.databases[channel] }
    }

    public func databases() async throws(PlatformError) -> [DatabaseRecord] {
        try tables.read { state in state.liveChannels.compactMap { state.databases[$0.id] } }
    }

    public func setStatus(
        _ status: DatabaseRecord.Status, lastError: String?, channel: ID<Channel>
    ) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.databases[channel] != nil else { throw PlatformError.notFound("database") }
            state.databases[channel]?.status = status
            state.databases[channel]?.lastError = lastError
        }
    }
}
