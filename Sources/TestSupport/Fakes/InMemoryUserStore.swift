import Core

/// Users in memory.
public struct InMemoryUserStore: UserStore {
    let tables: InMemoryTables

    public func insert(_ user: User) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard !state.users.contains(where: { $0.name == user.name }) else {
                throw PlatformError(.conflict, "the user name \(user.name) is taken", details: ["field": "name"])
            }
            state.users.append(user)
        }
    }

    public func user(named name: UserName) async throws(PlatformError) -> User? {
        try tables.read { $0.users.first { $0.name == name } }
    }

    public func users() async throws(PlatformError) -> [User] { try tables.read { $0.users } }
}
