import Core
import Crypto
import Foundation
import Logging

/// Gives every channel its schema and role, and takes them away again.
///
/// Provisioning starts when the channel is made and runs beside the answer; a deploy waits for it. Two callers that
/// want the same channel's database share one attempt.
public actor DatabaseService {
    private let store: any DatabaseStore
    /// `nil` when Postgres is switched off: everything but databases works.
    private let provisioner: (any DatabaseProvisioner)?
    private let logger: Logger
    private var attempts: [ID<Channel>: Task<Result<Void, PlatformError>, Never>] = [:]

    public init(store: any DatabaseStore, provisioner: (any DatabaseProvisioner)?, logger: Logger) {
        self.store = store
        self.provisioner = provisioner
        self.logger = logger
    }

    /// The record for a new channel. The password has 192 random bits in URL-safe characters.
    public nonisolated func record(for channel: ID<Channel>, owner: ID<User>) -> DatabaseRecord {
        let random = SymmetricKey(size: .init(bitCount: 192)).withUnsafeBytes { Data($0) }
        let password = random.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        return DatabaseRecord(
            channelID: channel, identity: DatabaseIdentity(user: owner, channel: channel), password: password)
    }

    /// Starts provisioning without waiting for it.
    public func begin(_ channel: ID<Channel>) {
        guard provisioner != nil else { return }
        _ = attempt(channel)
    }

    /// The variables that a channel's processes get, once its schema is there. Empty when Postgres is switched off.
    public func variables(of channel: ID<Channel>) async throws(PlatformError) -> [String: String] {
        guard let provisioner else { return [:] }
        try await attempt(channel).value.get()
        guard let record = try await store.database(channel: channel) else { return [:] }
        let endpoint = try await provisioner.endpoint()
        return [
            "DATABASE_URL": endpoint.url(record.identity, password: record.password),
            "DATABASE_HOST": endpoint.host,
            "DATABASE_PASSWORD": record.password,
        ]
    }

    /// Removes the channel's schema and role. Throws `.databaseUnavailable` when Postgres is switched off and may hold
    /// them: they are removed when it is on again.
    public func drop(_ channel: ID<Channel>) async throws(PlatformError) {
        guard let record = try await store.database(channel: channel) else { return }
        guard let provisioner else {
            if record.status == .provisioning { return }
            throw PlatformError(.databaseUnavailable, "Postgres is switched off; the schema cannot be removed")
        }
        if let attempt = attempts[channel] { _ = await attempt.value }
        try await provisioner.drop(record.identity)
    }

    private func attempt(_ channel: ID<Channel>) -> Task<Result<Void, PlatformError>, Never> {
        if let running = attempts[channel] { return running }
        let task = Task<Result<Void, PlatformError>, Never> {
            let result: Result<Void, PlatformError>
            do throws(PlatformError) {
                try await provision(channel)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            attempts[channel] = nil
            return result
        }
        attempts[channel] = task
        return task
    }

    private func provision(_ channel: ID<Channel>) async throws(PlatformError) {
        guard let provisioner, let record = try await store.database(channel: channel), record.status != .ready
        else { return }
        do throws(PlatformError) {
            try await provisioner.provision(record.identity, password: record.password)
            try await store.setStatus(.ready, lastError: nil, channel: channel)
            logger.info("database ready", metadata: ["channel": "\(channel)", "schema": "\(record.identity.schema)"])
        } catch {
            logger.error("database not provisioned", metadata: ["channel": "\(channel)", "error": "\(error)"])
            try await store.setStatus(.failed, lastError: error.message, channel: channel)
            throw PlatformError(.databaseUnavailable, "the database is not ready: \(error.message)", cause: error.cause)
        }
    }
}
