import Core
import HTTPTypes
import Hummingbird

/// A request that was let in, and the way to ask whether it still would be.
struct Admission: Sendable {
    let access: GitAccess
    /// Held until the answer is complete.
    let slot: RequestLimiter.Slot
    private let doorkeeper: Doorkeeper
    private let credentials: GitCredentials?
    private let path: RepositoryPath
    private let service: GitService

    fileprivate init(
        access: GitAccess, slot: RequestLimiter.Slot, doorkeeper: Doorkeeper, credentials: GitCredentials?,
        path: RepositoryPath, service: GitService
    ) {
        self.access = access
        self.slot = slot
        self.doorkeeper = doorkeeper
        self.credentials = credentials
        self.path = path
        self.service = service
    }

    /// Throws when the request would not be let in any more: the token was revoked, the app deleted or renamed.
    func confirm() async throws(PlatformError) {
        let now = try await doorkeeper.authorize(credentials, path, service)
        guard now.app.id == access.app.id else { throw .notFound("repository") }
    }

    /// Asks again and again while a request's body comes, or its answer goes, and says when it would not be let in any more.
    /// Returns then, or when the task is cancelled.
    func keepConfirming(every interval: Duration, _ refused: @Sendable (PlatformError) -> Void) async {
        while (try? await Task.sleep(for: interval)) != nil {
            do throws(PlatformError) { try await confirm() } catch {
                switch error.code {
                case .unauthenticated, .tokenInvalid, .tokenRevoked, .scopeDenied, .forbidden, .notFound:
                    return refused(error)
                default:
                    // The platform is busy or out of order: it is asked once more before a ref moves.
                    continue
                }
            }
        }
    }
}

/// Lets requests in: credentials by way of the platform's gate, guesses slowed down, places counted.
struct Doorkeeper: Sendable {
    private let gate: any GitGate
    private let guesses: GuessLimiter
    private let limiter: RequestLimiter

    init(gate: any GitGate, configuration: GitServerConfiguration) {
        self.gate = gate
        guesses = GuessLimiter(configuration.guesses)
        limiter = RequestLimiter(perUser: configuration.requestsPerUser, total: configuration.requests)
    }

    func enter(
        _ request: Request, _ path: RepositoryPath, _ service: GitService
    ) async throws(PlatformError) -> Admission {
        let credentials = GitAuthentication.credentials(request.headers[.authorization])
        let address = ClientAddress.of(request.headers[.forwardedFor])
        if credentials != nil, let wait = guesses.wait(for: address, now: .now) {
            let seconds = max(1, Int(wait.components.seconds) + 1)
            throw PlatformError(
                .rateLimited, "too many wrong passwords or tokens from your address; try again in \(seconds) seconds",
                details: ["retryAfter": "\(seconds)"])
        }
        let access: GitAccess
        do throws(PlatformError) {
            access = try await authorize(credentials, path, service)
        } catch {
            if credentials != nil, error.code == .tokenInvalid || error.code == .tokenRevoked {
                guesses.fail(address, now: .now)
            }
            throw error
        }
        return Admission(
            access: access, slot: try limiter.enter(access.principal.user.id), doorkeeper: self,
            credentials: credentials, path: path, service: service)
    }

    fileprivate func authorize(
        _ credentials: GitCredentials?, _ path: RepositoryPath, _ service: GitService
    ) async throws(PlatformError) -> GitAccess {
        do throws(PlatformError) {
            return try await gate.authorize(credentials, owner: path.owner, name: path.name, service: service)
        } catch {
            // One text for what is missing and what is somebody else's.
            throw error.code == .notFound ? .notFound("repository") : error
        }
    }
}
