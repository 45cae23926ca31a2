import Core
import Foundation
import Logging
import Synchronization

/// When tokens were last presented: kept in memory, written down together once in a while, so that a request writes
/// nothing.
final class TokenUses: Sendable {
    private struct State {
        var seen: [ID<Token>: Date] = [:]
        /// Seen since they were last written down.
        var unwritten: Set<ID<Token>> = []
    }

    /// Tokens that are remembered at most; beyond that those are forgotten that are written down.
    private static let capacity = 10_000

    private let state = Mutex(State())

    func note(_ token: ID<Token>, at date: Date) {
        state.withLock { state in
            state.seen[token] = date
            state.unwritten.insert(token)
        }
    }

    /// What is known beside the store.
    func lastUse(of token: ID<Token>) -> Date? { state.withLock { $0.seen[token] } }

    /// Writes down what was seen since the last time; what cannot be written is kept for the next time.
    func flush(to tokens: any TokenStore) async throws(PlatformError) {
        let uses = state.withLock { state in
            let uses = state.seen.filter { state.unwritten.contains($0.key) }
            state.unwritten = []
            return uses
        }
        guard !uses.isEmpty else { return }
        do throws(PlatformError) { try await tokens.noteUse(uses) } catch {
            state.withLock { $0.unwritten.formUnion(uses.keys) }
            throw error
        }
        state.withLock { state in
            guard state.seen.count > Self.capacity else { return }
            state.seen = state.seen.filter { state.unwritten.contains($0.key) }
        }
    }
}
