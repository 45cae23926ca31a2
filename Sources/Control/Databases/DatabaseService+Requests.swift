import Core

/// A channel's part of Postgres, as it is shown. The password is not part of it.
public struct DatabaseOverview: Sendable, Hashable {
    public let identity: DatabaseIdentity
    public let status: DatabaseRecord.Status
    public let lastError: String?
    public let hasPassword: Bool
    public let figures: DatabaseFigures
}

extension DatabaseService {
    /// The channel's database with live figures; zeros as long as it is not ready. Throws `.notFound` also when Postgres
    /// is switched off or was not there at the start.
    public func overview(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> DatabaseOverview {
        let record = try await record(of: id, app: appID, principal)
        guard let provisioner else { throw .notFound("schema") }
        let none = DatabaseFigures(connections: 0, connectionLimit: DatabaseRecord.connectionLimit, storageBytes: 0)
        return DatabaseOverview(
            identity: record.identity, status: record.status, lastError: record.lastError,
            hasPassword: !record.password.isEmpty,
            figures: record.status == .ready ? try await provisioner.figures(record.identity) : none)
    }

    /// Throws `.notFound`, `.databaseUnavailable` and `.conflict`, before the body of a reset is looked at.
    public func checkReady(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) {
        _ = try await ready(id, app: appID, principal)
    }

    /// Empties the channel's schema. `confirmation` is the schema's name, typed again.
    public func reset(
        channel id: ID<Channel>?, app appID: ID<App>?, confirmation: String, by principal: Principal
    ) async throws(PlatformError) {
        let (record, provisioner) = try await ready(id, app: appID, principal)
        // Byte for byte: two texts that only look alike are equal as strings.
        guard confirmation.utf8.elementsEqual(record.identity.schema.utf8) else {
            throw PlatformError(.invalidConfirmation, "confirm_schema_name must be \(record.identity.schema)")
        }
        try await replace(record, by: provisioner)
    }

    /// Begins a dump of the channel's schema, and says what file it should be.
    public func dump(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> (fileName: String, dump: any DatabaseDump) {
        let (record, provisioner) = try await ready(id, app: appID, principal)
        let dump = try await provisioner.dump(record.identity, password: record.password)
        return ("\(record.identity.schema).sql", TokenBoundDump(dump, tokens: tokens, principal: principal))
    }

    /// What the caller's database holds, over all channels.
    public func storage(by principal: Principal) async throws(PlatformError) -> DatabaseStorage {
        guard let provisioner else { throw off }
        return try await provisioner.storage(database: DatabaseIdentity.database(of: principal.user.id))
    }

    private var off: PlatformError {
        PlatformError(
            .databaseUnavailable,
            platform.provisioner == nil ? "Postgres is switched off on this server" : "Postgres does not answer")
    }

    private func ready(
        _ id: ID<Channel>?, app appID: ID<App>?, _ principal: Principal
    ) async throws(PlatformError) -> (DatabaseRecord, any DatabaseProvisioner) {
        let record = try await record(of: id, app: appID, principal)
        guard let provisioner else { throw off }
        guard record.status == .ready else { throw Self.notReady }
        return (record, provisioner)
    }

    private func record(
        of id: ID<Channel>?, app appID: ID<App>?, _ principal: Principal
    ) async throws(PlatformError) -> DatabaseRecord {
        let channel = try await platform.channel(id, app: appID, of: principal)
        guard let record = try await platform.databases.database(channel: channel.id) else {
            throw .notFound("schema")
        }
        return record
    }
}
