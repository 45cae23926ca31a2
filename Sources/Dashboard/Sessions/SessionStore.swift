import Foundation
import Synchronization

/// Who is signed in, in memory: a restart of the server signs everybody out. A session stands for a token, so revoking
/// the token ends it.
final class SessionStore: Sendable {
    private struct Session {
        let tokenDigest: Data
        let expires: ContinuousClock.Instant
    }

    static let lifetime = Duration.seconds(12 * 3600)
    /// More sessions than this, and the oldest go.
    static let limit = 10_000

    private let sessions = Mutex<[String: Session]>([:])

    /// Opens a session for the token with this digest; returns its secret (256 random bits).
    func open(for tokenDigest: Data) -> String {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        let now = ContinuousClock.now
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.expires > now }
            if sessions.count >= Self.limit, let oldest = sessions.min(by: { $0.value.expires < $1.value.expires }) {
                sessions[oldest.key] = nil
            }
            sessions[secret] = Session(tokenDigest: tokenDigest, expires: now + Self.lifetime)
        }
        return secret
    }

    func tokenDigest(of secret: String) -> Data? {
        sessions.withLock { sessions in
            guard let session = sessions[secret], session.expires > .now else { return nil }
            return session.tokenDigest
        }
    }

    func close(_ secret: String) { _ = sessions.withLock { $0.removeValue(forKey: secret) } }
}
