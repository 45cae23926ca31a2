import Core

/// Instances in memory.
public struct InMemoryInstanceStore: InstanceStore {
    let tables: InMemoryTables

    public func insert(_ instance: Instance) async throws(PlatformError) {
        try await tables.pass(.insertInstance)
        try tables.write { (state) throws(PlatformError) in
            guard state.channels.contains(where: { $0.id == instance.channelID }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            state.instances.append(instance)
        }
    }

    public func setState(_ new: Instance.State, of id: ID<Instance>) async throws(PlatformError) {
        try await tables.pass(.setInstanceState)
        try tables.write { state in
            for index in state.instances.indices where state.instances[index].id == id {
                state.instances[index].state = new
            }
        }
    }

    public func suspend(_ id: ID<Instance>, because reason: String) async throws(PlatformError) {
        try tables.write { state in
            for index in state.instances.indices where state.instances[index].id == id {
                state.instances[index].state = .suspended
                state.instances[index].reason = reason
            }
        }
    }

    public func delete(_ id: ID<Instance>) async throws(PlatformError) {
        try tables.write { state in state.instances.removeAll { $0.id == id } }
    }

    public func instances() async throws(PlatformError) -> [Instance] {
        try tables.read { $0.instances.filter { $0.state != .stopped } }
    }

    public func instances(channel: ID<Channel>) async throws(PlatformError) -> [Instance] {
        try tables.read { $0.instances.filter { $0.channelID == channel && $0.state != .stopped } }
    }

    public func stopped() async throws(PlatformError) -> [Instance] {
        try tables.read { $0.instances.filter { $0.state == .stopped }.reversed() }
    }

    public func stopped(channel: ID<Channel>) async throws(PlatformError) -> [Instance] {
        try await stopped().filter { $0.channelID == channel }
    }
}
