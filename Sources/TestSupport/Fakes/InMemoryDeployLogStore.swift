import Core
import Foundation
import Synchronization

/// Deploy logs in memory.
public final class InMemoryDeployLogStore: DeployLogStore {
    private let logs = Mutex<[ID<Deploy>: Data]>([:])

    public init() {}

    /// How many deploys have a log.
    public var count: Int { logs.withLock { $0.count } }

    public func append(_ text: String, deploy: ID<Deploy>) throws(PlatformError) {
        logs.withLock { $0[deploy, default: Data()].append(contentsOf: text.utf8) }
    }

    public func read(_ deploy: ID<Deploy>) async throws(PlatformError) -> Data? { logs.withLock { $0[deploy] } }

    public func sync(_ deploy: ID<Deploy>) throws(PlatformError) {
        logs.withLock { $0[deploy, default: Data()].append(contentsOf: []) }
    }

    public func delete(_ deploys: [ID<Deploy>]) async {
        logs.withLock { logs in deploys.forEach { logs[$0] = nil } }
    }
}
