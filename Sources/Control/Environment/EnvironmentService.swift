import Core

/// Sets and removes an app's variables. They reach its processes with the next deploy.
public struct EnvironmentService: Sendable {
    private let apps: any AppStore
    private let environment: any EnvironmentStore

    public init(apps: any AppStore, environment: any EnvironmentStore) {
        self.apps = apps
        self.environment = environment
    }

    public func set(
        _ key: String, value: String, app id: ID<App>?, by principal: Principal
    ) async throws(PlatformError) {
        let id = try await checkAccess(app: id, by: principal)
        let key = try EnvironmentKey(key)
        try EnvironmentValue.check(value)
        try await checkTotal(with: key, value, app: id)
        try await environment.set(key, value: value, app: id)
    }

    /// Throws `.invalid` when the app's variables would come to more than they may. What makes them fewer goes always.
    private func checkTotal(
        with key: EnvironmentKey, _ value: String, app id: ID<App>
    ) async throws(PlatformError) {
        var values = try await environment.values(app: id)
        let old = values.updateValue(value, forKey: key.rawValue)
        let bytes = values.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if bytes <= EnvironmentValue.maximumTotal { return }
        if let old, value.utf8.count <= old.utf8.count { return }
        throw .invalid(
            "the app's variables would have \(bytes) bytes together; the limit is \(EnvironmentValue.maximumTotal): "
                + "remove some, or keep large values in files")
    }

    public func remove(_ key: String, app id: ID<App>?, by principal: Principal) async throws(PlatformError) {
        let id = try await checkAccess(app: id, by: principal)
        guard try await environment.remove(key, app: id) else { throw .notFound("variable") }
    }

    /// The names that are set, sorted; never the values.
    public func names(app id: ID<App>?, by principal: Principal) async throws(PlatformError) -> [String] {
        guard let id, try await apps.app(id, owner: principal.user.id) != nil else { throw .notFound("app") }
        return try await environment.names(app: id)
    }

    /// Throws `.scopeDenied` and `.notFound`, before anything else of the request is looked at.
    @discardableResult
    public func checkAccess(app id: ID<App>?, by principal: Principal) async throws(PlatformError) -> ID<App> {
        try Policy.require(.deploy, of: principal)
        guard let id, try await apps.app(id, owner: principal.user.id) != nil else { throw .notFound("app") }
        return id
    }
}
