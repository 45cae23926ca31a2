import Core

extension Operation.Failure {
    static let app = Self(.notFound, "App does not exist or is not owned by the caller")
    static let channel = Self(.notFound, "App or channel not found")
    static let deploy = Self(.notFound, "App or deploy not found")
    static let schema = Self(.notFound, "App, channel, or schema row not found")
    static let notReady = Self(.conflict, "Channel postgres is not in ready state")
    static let noPostgres = Self(
        .databaseUnavailable, "Postgres admin pool is not configured (degraded mode), or Postgres does not answer")
    static let admin = [
        Self(.forbidden, "Caller is not an administrator"),
        Self(.adminNotConfigured, "No administrator has been bootstrapped on this instance"),
    ]

    static func scope(_ scope: Scope) -> Self { Self(.scopeDenied, "Token lacks \(scope.rawValue) scope") }
    static func body(_ when: String) -> [Self] {
        [Self(.invalid, when), Self(.tooLarge, "The body has over \(Call.bodyLimit) bytes")]
    }
}
