import Control
import Core
import Foundation
import NIOCore
import Synchronization

/// Answers as they were sent, each to one credential for one path, for as long as nothing is committed to the store: who
/// presents the same token for the same path under the same version is let in, and gets the same.
///
/// A revocation is a commit, so that a revoked token's answers are gone with it.
final class KnownAnswers: Sendable {
    private struct Key: Hashable {
        /// SHA-256 of the `Authorization` field: comparing digests of random tokens leaks nothing by time.
        let credential: Data
        let path: String
    }

    private struct Known {
        let body: ByteBuffer
        let token: ID<Token>
    }

    private struct State {
        var version: Int64 = -1
        var answers: [Key: Known] = [:]
        var bytes = 0
    }

    /// Answers, and bytes of them, that are kept at most.
    private static let capacity = (answers: 16_384, bytes: 16 << 20)

    private let tokens: TokenService
    private let version: DataVersionSource
    private let state = Mutex(State())

    init(tokens: TokenService, version: @escaping DataVersionSource) {
        self.tokens = tokens
        self.version = version
    }

    /// The body of the answer to `GET path`; `nil` when it has to be made. The token counts as used.
    func body(credential: String, path: String) -> ByteBuffer? {
        guard let current = version() else { return nil }
        let key = Key(credential: TokenText.digest(of: credential), path: path)
        guard let known = state.withLock({ $0.version == current ? $0.answers[key] : nil }) else { return nil }
        tokens.noteUse(of: known.token)
        return known.body
    }

    /// Keeps what was made under `version`. Paths with a query are not kept: there is no end of them.
    func keep(_ body: ByteBuffer, madeAt version: Int64, for principal: Principal, credential: String, path: String) {
        guard !path.utf8.contains(UInt8(ascii: "?")), body.readableBytes <= Self.capacity.bytes else { return }
        let key = Key(credential: TokenText.digest(of: credential), path: path)
        state.withLock { state in
            guard version >= state.version else { return }
            let isFull =
                state.answers.count >= Self.capacity.answers
                || state.bytes + body.readableBytes > Self.capacity.bytes
            if state.version != version || isFull { state = State(version: version) }
            let former = state.answers.updateValue(Known(body: body, token: principal.token), forKey: key)
            state.bytes += body.readableBytes - (former?.body.readableBytes ?? 0)
        }
    }
}
