import Core
import Crypto
import Foundation
import Logging

/// Gives every channel its schema and role, empties them, and takes them away again.
///
/// Provisioning starts when the channel is made and runs beside the answer; a deploy waits for it. What fails is tried
/// again, ever more slowly. Of one channel's database one thing is done at a time: callers that want it share the attempt.
public actor DatabaseService {
    let platform: Platform
    let tokens: TokenService
    /// `nil` when Postgres is switched off, and when it did not answer at the start, until it does: everything but databases
    /// works.
    var provisioner: (any DatabaseProvisioner)? { availability == .degraded ? nil : platform.provisioner }
    private var availability = DatabaseAvailability.assumed
    /// Those who wait to hear whether Postgres is there.
    private var listeners: [CheckedContinuation<Void, Never>] = []
    private var watching: Task<Void, Never>?
    private var store: any DatabaseStore { platform.databases }
    private var attempts: [ID<Channel>: Task<Result<Void, PlatformError>, Never>] = [:]
    /// Failures since the last success, and the next try that waits.
    private var failures: [ID<Channel>: Int] = [:]
    private var retries: [ID<Channel>: Task<Void, Never>] = [:]
    /// Channels whose database was dropped: nothing makes it again.
    private(set) var dropped: Set<ID<Channel>> = []

    init(platform: Platform, tokens: TokenService) {
        self.platform = platform
        self.tokens = tokens
    }

    /// The record for a new channel. The password has 192 random bits in URL-safe characters.
    nonisolated func record(for channel: ID<Channel>, owner: ID<User>) -> DatabaseRecord {
        let random = SymmetricKey(size: .init(bitCount: 192)).withUnsafeBytes { Data($0) }
        let password = random.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        return DatabaseRecord(
            channelID: channel, identity: DatabaseIdentity(user: owner, channel: channel), password: password)
    }

    /// Adds a channel, which `insert` makes and stores. Schema and role are named by the first 48 bits of a channel's id: when
    /// another channel has those, it is tried again with a new id. Throws `.invalid` for other names that are taken, as the
    /// contract wants it.
    nonisolated func inserting(
        _ insert: () async throws(PlatformError) -> Channel
    ) async throws(PlatformError) -> Channel {
        var attempts = 0
        while true {
            do throws(PlatformError) { return try await insert() } catch {
                attempts += 1
                guard error.code == .conflict else { throw error }
                guard error.details["field"] == "database", attempts < Self.insertAttempts else {
                    throw .invalid(error.message)
                }
            }
        }
    }

    /// Two clashes in a row would be a fault of ours.
    private static let insertAttempts = 3

    /// Starts provisioning without waiting for it.
    func begin(_ channel: ID<Channel>) {
        guard provisioner != nil else { return }
        _ = attempt(channel)
    }

    /// The variables that a channel's processes get, once its schema is there. Empty when Postgres is switched off or was not
    /// there at the start.
    func variables(of channel: ID<Channel>) async throws(PlatformError) -> [String: String] {
        await settled()
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

    /// Waits until the channel's database is made.
    func made(_ channel: ID<Channel>) async throws(PlatformError) { try await attempt(channel).value.get() }

    /// Removes the channel's schema and role. Throws `.databaseUnavailable` when Postgres does not answer or is switched off
    /// and may hold them: they are removed when it is on again.
    func drop(_ channel: ID<Channel>) async throws(PlatformError) {
        dropped.insert(channel)
        retries.removeValue(forKey: channel)?.cancel()
        guard let record = try await store.database(channel: channel) else { return }
        guard let provisioner = platform.provisioner else {
            if record.status == .provisioning { return }
            throw PlatformError(.databaseUnavailable, "Postgres is switched off; the schema cannot be removed")
        }
        if let attempt = attempts[channel] { _ = await attempt.value }
        try await provisioner.drop(record.identity)
    }

    /// Empties the schema of a channel whose database is ready; meanwhile it counts as `provisioning`. What a failure
    /// leaves is made whole by provisioning it again.
    func replace(_ record: DatabaseRecord, by provisioner: any DatabaseProvisioner) async throws(PlatformError) {
        let channel = record.channelID
        guard attempts[channel] == nil, !dropped.contains(channel) else { throw Self.notReady }
        let task = start(channel) { () async throws(PlatformError) in
            // Nobody may have done the same between the look at the record and this.
            guard try await self.store.database(channel: channel)?.status == .ready else { throw Self.notReady }
            try await self.store.setStatus(.provisioning, lastError: nil, channel: channel)
            do throws(PlatformError) {
                try await provisioner.reset(record.identity)
                try await self.store.setStatus(.ready, lastError: nil, channel: channel)
            } catch {
                try await self.store.setStatus(.failed, lastError: error.message, channel: channel)
                await self.retryLater(channel)
                throw error
            }
        }
        try await task.value.get()
        platform.logger.info(
            "database reset", metadata: ["channel": "\(channel)", "schema": "\(record.identity.schema)"])
    }

    static let notReady = PlatformError(.conflict, "the channel's database is not ready")

    // MARK: - Availability

    /// Finds out whether Postgres is there, and goes on until it is, the task is cancelled or `close` is called. When it is:
    /// makes the databases that wait, and brings the others up to date. Once, at the start.
    func watch() async {
        let task = Task { await look() }
        watching = task
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Ends what would go on.
    func close() {
        watching?.cancel()
        for retry in retries.values { retry.cancel() }
    }

    private func look() async {
        guard let provisioner = platform.provisioner else { return }
        availability = .unknown
        var failures = 0
        while true {
            do throws(PlatformError) {
                try await provisioner.probe()
                break
            } catch {
                failures += 1
                if failures == 1, !Task.isCancelled {
                    platform.logger.error(
                        "Postgres does not answer: databases are off until it does", metadata: ["error": "\(error)"])
                }
                settle(.degraded)
                let pause = platform.configuration.databaseProbe.pause(after: failures)
                guard (try? await Task.sleep(for: pause)) != nil else { return }
            }
        }
        settle(.available)
        if failures > 0 { platform.logger.info("Postgres answers: databases are on") }
        do throws(PlatformError) {
            let records = try await store.databases()
            for record in records where record.status != .ready { begin(record.channelID) }
            try await provisioner.refresh(records.filter { $0.status == .ready }.map(\.identity))
        } catch {
            platform.logger.error("databases not brought up to date", metadata: ["error": "\(error)"])
        }
    }

    private func settle(_ outcome: DatabaseAvailability) {
        availability = outcome
        for listener in listeners { listener.resume() }
        listeners = []
    }

    private func settled() async {
        guard availability == .unknown else { return }
        await withCheckedContinuation { listeners.append($0) }
    }

    // MARK: - Attempts

    private func attempt(_ channel: ID<Channel>) -> Task<Result<Void, PlatformError>, Never> {
        if let running = attempts[channel] { return running }
        return start(channel) { () async throws(PlatformError) in try await self.provision(channel) }
    }

    private func start(
        _ channel: ID<Channel>, _ body: @escaping @Sendable () async throws(PlatformError) -> Void
    ) -> Task<Result<Void, PlatformError>, Never> {
        let task = Task<Result<Void, PlatformError>, Never> {
            let result: Result<Void, PlatformError>
            do throws(PlatformError) {
                try await body()
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
        guard let provisioner, !dropped.contains(channel), let record = try await store.database(channel: channel),
            record.status != .ready
        else { return }
        do throws(PlatformError) {
            try await provisioner.provision(record.identity, password: record.password)
            try await store.setStatus(.ready, lastError: nil, channel: channel)
            failures[channel] = nil
            platform.logger.info(
                "database ready", metadata: ["channel": "\(channel)", "schema": "\(record.identity.schema)"])
        } catch {
            platform.logger.error(
                "database not provisioned", metadata: ["channel": "\(channel)", "error": "\(error)"])
            retryLater(channel)
            try await store.setStatus(.failed, lastError: error.message, channel: channel)
            throw PlatformError(.databaseUnavailable, "the database is not ready: \(error.message)", cause: error.cause)
        }
    }

    private func retryLater(_ channel: ID<Channel>) {
        guard retries[channel] == nil, !dropped.contains(channel) else { return }
        failures[channel, default: 0] += 1
        let pause = platform.configuration.databaseRetry.pause(after: failures[channel, default: 1])
        retries[channel] = Task {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            retries[channel] = nil
            begin(channel)
        }
    }
}

/// Whether Postgres is there.
enum DatabaseAvailability: Sendable {
    /// Nobody has looked, and nobody will: each call finds out by itself.
    case assumed
    /// A look is under way.
    case unknown
    case available
    /// It did not answer when the server started, and has not since.
    case degraded
}
