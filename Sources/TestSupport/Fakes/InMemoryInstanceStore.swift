import Core

/// Instances in memory.
public struct InMemoryInstanceStore: InstanceStore {
    let tables: InMemoryTables

    public func insert(_ instance: Instance) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.channels.contains(where: { $0.id == instance.channelID }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            state.instances.append(instance)
        }
    }

    public func delete(_ id: ID<Instance>) async throws(PlatformError) {
        try tables.write { state in state.instances.removeAll { $0.id == id } }
    }

    public func instances() async throws(PlatformError) -> [Instance] { try tables.read { $0.instances } }

    public func instances(channel: ID<Channel>) async throws(PlatformError) -> [Instance] {
        try tables.read { $0.instances.filter { $0.channelID == channel } }
    }
}
