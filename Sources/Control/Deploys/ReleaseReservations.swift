import Core
import Synchronization

/// Keeps releases from being removed that a deploy is about to bring live, and from being brought live that are being removed.
final class ReleaseReservations: Sendable {
    private struct State {
        var used: [ID<Release>: Int] = [:]
        var leaving: Set<ID<Release>> = []
    }

    private let state = Mutex(State())

    /// False when it is being removed. Each reservation is given back with `free`.
    func reserve(_ release: ID<Release>) -> Bool {
        state.withLock { state in
            guard !state.leaving.contains(release) else { return false }
            state.used[release, default: 0] += 1
            return true
        }
    }

    func free(_ release: ID<Release>) {
        state.withLock { state in
            let left = state.used[release, default: 0] - 1
            state.used[release] = left > 0 ? left : nil
        }
    }

    /// False when it is reserved. `endRemoval` follows when true.
    func beginRemoval(_ release: ID<Release>) -> Bool {
        state.withLock { state in
            guard state.used[release] == nil else { return false }
            return state.leaving.insert(release).inserted
        }
    }

    func endRemoval(_ release: ID<Release>) { state.withLock { _ = $0.leaving.remove(release) } }
}
