import Core
import Synchronization

/// Counts the requests that are being answered, so that one user cannot take all of the server.
final class RequestLimiter: Sendable {
    /// A place among the requests; given up when the last reference goes.
    final class Slot: Sendable {
        private let user: ID<User>
        private let limiter: RequestLimiter

        fileprivate init(user: ID<User>, limiter: RequestLimiter) {
            self.user = user
            self.limiter = limiter
        }

        deinit { limiter.leave(user) }
    }

    private struct State {
        var total = 0
        var users: [ID<User>: Int] = [:]
    }

    private let perUser: Int
    private let total: Int
    private let state = Mutex(State())

    init(perUser: Int, total: Int) {
        self.perUser = perUser
        self.total = total
    }

    /// Throws `.rateLimited` or `.unavailable` when there is no place.
    func enter(_ user: ID<User>) throws(PlatformError) -> Slot {
        let failure: PlatformError? = state.withLock { state in
            guard state.users[user, default: 0] < perUser else {
                return PlatformError(
                    .rateLimited, "you have \(perUser) git requests running already; try again when one has ended")
            }
            guard state.total < total else {
                return PlatformError(.unavailable, "the server is answering \(total) git requests; try again later")
            }
            state.total += 1
            state.users[user, default: 0] += 1
            return nil
        }
        if let failure { throw failure }
        return Slot(user: user, limiter: self)
    }

    var count: Int { state.withLock { $0.total } }

    private func leave(_ user: ID<User>) {
        state.withLock { state in
            state.total -= 1
            let left = (state.users[user] ?? 1) - 1
            state.users[user] = left > 0 ? left : nil
        }
    }
}
