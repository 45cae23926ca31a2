import Core
import Synchronization

/// A dump that ends when the token is revoked that it was asked for with.
final class TokenBoundDump: DatabaseDump {
    /// How often the token is looked at.
    private static let interval = Duration.seconds(1)

    private let dump: any DatabaseDump
    private let tokens: TokenService
    private let principal: Principal
    private let lastLook: Mutex<ContinuousClock.Instant>

    init(_ dump: any DatabaseDump, tokens: TokenService, principal: Principal, now: ContinuousClock.Instant = .now) {
        self.dump = dump
        self.tokens = tokens
        self.principal = principal
        lastLook = Mutex(now)
    }

    func next() async throws(PlatformError) -> [UInt8]? {
        try await check(at: .now)
        let piece = try await dump.next()
        // It may have been waited for for long.
        try await check(at: .now)
        return piece
    }

    func close() async { await dump.close() }

    /// Throws `.tokenRevoked` when it is time to look and the token is not there any more.
    func check(at now: ContinuousClock.Instant) async throws(PlatformError) {
        let isDue = lastLook.withLock { last in
            guard now - last >= Self.interval else { return false }
            last = now
            return true
        }
        if isDue { try await tokens.requireLive(principal) }
    }
}
