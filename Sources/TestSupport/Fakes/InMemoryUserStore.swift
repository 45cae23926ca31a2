import Core

/// Users in memory.
public struct InMemoryUserStore: UserStore {
    let tables: InMemoryTables

    public func insert(_ user: User) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in try state.add(user) }
    }

    public func user(named name: UserName) async throws(PlatformError) -> User? {
        try tables.read { $0.users.first { $0.name == name } }
    }

    public func users() async throws(PlatformError) -> [User] { try tables.read { $0.users } }

    public func hasAdmin() async throws(PlatformError) -> Bool {
        try tables.read { $0.users.contains(where: \.isAdmin) }
    }
}

extension InMemoryTables.State {
    /// Throws `.conflict` when the name is taken.
    mutating func add(_ user: User) throws(PlatformError) {
        guard !users.contains(where: { $0.name == user.name }) else {
            throw PlatformError(.conflict, "the user name \(user.name) is taken", details: ["field": "name"])
        }
        users.append(user)
    }
}
