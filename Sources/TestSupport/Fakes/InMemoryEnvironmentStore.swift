import Core

/// Env values in memory.
public struct InMemoryEnvironmentStore: EnvironmentStore {
    let tables: InMemoryTables

    public func set(_ key: EnvironmentKey, value: String, app: ID<App>) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.apps.contains(where: { $0.id == app }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            state.environment[app, default: [:]][key.rawValue] = value
        }
    }

    public func remove(_ key: String, app: ID<App>) async throws(PlatformError) -> Bool {
        try tables.write { $0.environment[app, default: [:]].removeValue(forKey: key) != nil }
    }

    public func values(app: ID<App>) async throws(PlatformError) -> [String: String] {
        try tables.read { $0.environment[app, default: [:]] }
    }

    public func names(app: ID<App>) async throws(PlatformError) -> [String] {
        try await values(app: app).keys.sorted()
    }
}
