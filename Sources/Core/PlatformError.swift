/// The one error that crosses a port of `Core`: what went wrong, said so that it can be shown to a person.
///
/// Adapters translate their driver's errors into it where the driver is called. Each API dialect maps `code` to its
/// own status and envelope; the git server renders `message` as a report line.
public struct PlatformError: Error, Sendable, Hashable {
    /// Stable, closed set of reasons. Dialects map these; nothing parses messages.
    public enum Code: String, Sendable, CaseIterable {
        /// The request is malformed or breaks a rule; the message names the field and the rule.
        case invalid
        /// A typed confirmation does not match.
        case invalidConfirmation
        /// No credentials were given.
        case unauthenticated
        /// Credentials were given and are unknown.
        case tokenInvalid
        /// The token existed and was revoked.
        case tokenRevoked
        /// The token lacks the scope.
        case scopeDenied
        /// The scope exists but cannot be requested.
        case scopeReserved
        /// The caller may not do this, whatever the token's scopes.
        case forbidden
        /// Only an administrator may do this, and the installation has none.
        case adminNotConfigured
        /// It does not exist, or it belongs to somebody else: the two are never told apart.
        case notFound
        /// The state of the thing does not allow this now.
        case conflict
        /// More bytes or items than the limit.
        case tooLarge
        case rateLimited
        /// The HTTP method is not one of the resource's.
        case methodNotAllowed
        /// A part of the platform that this needs does not answer.
        case unavailable
        /// Postgres is switched off or not reachable.
        case databaseUnavailable
        /// An upstream that this depends on gave a wrong answer.
        case badGateway
        case timeout
        case unsupported
        /// A deploy failed because of what was deployed.
        case buildFailed
        case cancelled
        /// A fault of ours. The message stays general; the cause goes to the log.
        case `internal`
    }

    public var code: Code
    /// Safe to show to the caller: no paths of the host, no secrets, no driver text.
    public var message: String
    /// Facts for the caller, by name.
    public var details: [String: String]
    /// For the operator's log only.
    public var cause: String?

    public init(_ code: Code, _ message: String, details: [String: String] = [:], cause: String? = nil) {
        self.code = code
        self.message = message
        self.details = details
        self.cause = cause
    }

    /// A fault of ours whose text is not for the caller.
    public static func `internal`(_ what: String, cause: any Error) -> PlatformError {
        if let error = cause as? PlatformError { return error }
        return PlatformError(.internal, what, cause: String(describing: cause))
    }

    public static func notFound(_ what: String) -> PlatformError { PlatformError(.notFound, "\(what) not found") }
    public static func invalid(_ message: String) -> PlatformError { PlatformError(.invalid, message) }
}

extension PlatformError: CustomStringConvertible {
    public var description: String {
        cause.map { "\(code.rawValue): \(message) (\($0))" } ?? "\(code.rawValue): \(message)"
    }
}
