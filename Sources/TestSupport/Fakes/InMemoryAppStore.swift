import Core

/// Apps in memory.
public struct InMemoryAppStore: AppStore {
    let tables: InMemoryTables

    public func insert(_ app: App, prod: Channel, database: DatabaseRecord) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard state.users.contains(where: { $0.id == app.ownerID }) else {
                throw PlatformError(.conflict, "something that this belongs to does not exist any more")
            }
            let isTaken = state.apps.contains {
                $0.ownerID == app.ownerID && $0.name == app.name && !state.deletedApps.contains($0.id)
            }
            guard !isTaken else {
                throw PlatformError(
                    .conflict, "you already have an app named \(app.name)", details: ["field": "name"])
            }
            state.apps.append(app)
            try state.add(prod, database)
        }
    }

    public func apps(owner: ID<User>) async throws(PlatformError) -> [App] {
        try await allApps().filter { $0.ownerID == owner }
    }

    public func app(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> App? {
        try await apps(owner: owner).first { $0.id == id }
    }

    public func app(named name: AppName, owner: ID<User>) async throws(PlatformError) -> App? {
        try await apps(owner: owner).first { $0.name == name }
    }

    public func app(_ id: ID<App>) async throws(PlatformError) -> App? { try await allApps().first { $0.id == id } }

    public func allApps() async throws(PlatformError) -> [App] {
        try tables.read { state in state.apps.filter { !state.deletedApps.contains($0.id) } }
    }

    public func setProtectedBranches(
        _ branches: Set<BranchName>, of id: ID<App>, owner: ID<User>
    ) async throws(PlatformError) -> Bool {
        try tables.write { state in
            guard !state.deletedApps.contains(id),
                let index = state.apps.firstIndex(where: { $0.id == id && $0.ownerID == owner })
            else { return false }
            state.apps[index].protectedBranches = branches
            return true
        }
    }

    public func markDeleted(_ id: ID<App>, owner: ID<User>) async throws(PlatformError) -> Bool {
        try tables.write { state in
            guard state.apps.contains(where: { $0.id == id && $0.ownerID == owner }),
                state.deletedApps.insert(id).inserted
            else { return false }
            for channel in state.channels where channel.appID == id { state.deletedChannels.insert(channel.id) }
            return true
        }
    }

    public func deletedApps() async throws(PlatformError) -> [App] {
        try tables.read { state in state.apps.filter { state.deletedApps.contains($0.id) } }
    }

    public func purge(_ id: ID<App>) async throws(PlatformError) {
        try tables.write { state in
            guard state.deletedApps.remove(id) != nil else { return }
            for channel in state.channels where channel.appID == id { state.removeChannel(channel.id) }
            state.apps.removeAll { $0.id == id }
            state.environment[id] = nil
            state.tips[id] = nil
        }
    }
}
