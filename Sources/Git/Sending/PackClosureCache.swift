import Synchronization

/// The last finding of each repository, for the clones that come often.
final class PackClosureCache: Sendable {
    private struct Kept {
        let closure: PackClosure
        var lastUse: Int
    }

    private struct State {
        var closures: [String: Kept] = [:]
        var count = 0
        var clock = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: names of objects that are kept, all repositories together.
    init(limit: Int) { self.limit = limit }

    func closure(of directory: String) -> PackClosure? {
        state.withLock { state in
            state.clock += 1
            state.closures[directory]?.lastUse = state.clock
            return state.closures[directory]?.closure
        }
    }

    func keep(_ closure: PackClosure, of directory: String) {
        guard closure.names <= limit / 4 else { return }
        state.withLock { state in
            state.clock += 1
            state.count += closure.names + 16 - Self.cost(state.closures[directory])
            state.closures[directory] = Kept(closure: closure, lastUse: state.clock)
            while state.count > limit, let oldest = state.closures.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.count -= Self.cost(oldest.value)
                state.closures[oldest.key] = nil
            }
        }
    }

    /// Drops what is known of a repository, when its packs go.
    /// - Parameter packs: names of those that go; `nil`: all.
    func forget(_ directory: String, packs: Set<String>? = nil) {
        state.withLock { state in
            if let packs, let kept = state.closures[directory], !packs.contains(kept.closure.pack.name) { return }
            state.count -= Self.cost(state.closures.removeValue(forKey: directory))
        }
    }

    private static func cost(_ kept: Kept?) -> Int { kept.map { $0.closure.names + 16 } ?? 0 }
}
