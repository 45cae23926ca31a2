import Core
import Synchronization

/// Counts those who follow logs, so that nobody can hold endless streams open.
public final class Followers: Sendable {
    private struct State {
        var total = 0
        var users: [ID<User>: Int] = [:]
    }

    private let perUser: Int
    private let limit: Int
    private let state = Mutex(State())

    init(perUser: Int, total: Int) {
        self.perUser = perUser
        limit = total
    }

    /// Throws `.rateLimited` when the user, or everybody together, has as many streams as may be.
    func enter(_ user: ID<User>) throws(PlatformError) {
        try state.withLock { (state) throws(PlatformError) in
            guard state.users[user, default: 0] < perUser else {
                throw PlatformError(
                    .rateLimited, "you follow \(perUser) logs already; try again when you have closed one")
            }
            guard state.total < limit else {
                throw PlatformError(.rateLimited, "\(limit) logs are being followed on this server; try again later")
            }
            state.total += 1
            state.users[user, default: 0] += 1
        }
    }

    func leave(_ user: ID<User>) {
        state.withLock { state in
            state.total -= 1
            let left = state.users[user, default: 0] - 1
            state.users[user] = left > 0 ? left : nil
        }
    }

    /// How many streams are open.
    var count: Int { state.withLock { $0.total } }
}
