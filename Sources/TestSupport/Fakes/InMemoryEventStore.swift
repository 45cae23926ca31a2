import Core

/// Events in memory.
public struct InMemoryEventStore: EventStore {
    let tables: InMemoryTables

    public func append(_ event: Event) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            if let app = event.appID, !state.apps.contains(where: { $0.id == app }) {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            state.events.append(event)
            let surplus = state.events.filter { $0.appID == event.appID }.count - EventRetention.count
            if surplus > 0, let oldest = state.events.firstIndex(where: { $0.appID == event.appID }) {
                state.events.remove(at: oldest)
            }
        }
    }

    public func events(app: ID<App>, limit: Int) async throws(PlatformError) -> [Event] {
        try tables.read { Array($0.events.filter { $0.appID == app }.reversed().prefix(max(0, limit))) }
    }

    public func machineEvents(limit: Int) async throws(PlatformError) -> [Event] {
        try tables.read { Array($0.events.filter { $0.appID == nil }.reversed().prefix(max(0, limit))) }
    }
}
