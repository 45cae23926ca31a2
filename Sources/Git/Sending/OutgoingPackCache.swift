import Synchronization

/// Packs that were made for a fetch, for the next one that asks for the same: build machines come in herds. What is in a
/// pack depends on nothing but the request, so a pack stays right whatever happens to the refs.
final class OutgoingPackCache: Sendable {
    private struct Key: Hashable {
        let directory: String
        let request: PackRequest
    }

    private struct Kept {
        let pack: OutgoingPack
        let cost: Int
        var lastUse: Int
    }

    private struct State {
        var packs: [Key: Kept] = [:]
        var cost = 0
        var clock = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes of memory and of spooled files for all of them. The stored packs that they are parts of are not
    ///   counted.
    init(limit: Int) { self.limit = limit }

    func pack(for request: PackRequest, in directory: String) -> OutgoingPack? {
        state.withLock { state in
            state.clock += 1
            let key = Key(directory: directory, request: request)
            guard let kept = state.packs[key] else { return nil }
            state.packs[key]?.lastUse = state.clock
            return kept.pack
        }
    }

    func keep(_ pack: OutgoingPack, for request: PackRequest, in directory: String) {
        let cost = pack.held + request.memory + 512
        guard cost <= limit / 4 else { return }
        state.withLock { state in
            state.clock += 1
            let key = Key(directory: directory, request: request)
            state.cost += cost - (state.packs[key]?.cost ?? 0)
            state.packs[key] = Kept(pack: pack, cost: cost, lastUse: state.clock)
            while state.cost > limit, let oldest = state.packs.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.packs[oldest.key] = nil
                state.cost -= oldest.value.cost
            }
        }
    }

    /// Drops what was made of a repository, when its packs go.
    /// - Parameter packs: names of those that go; `nil`: all.
    func forget(_ directory: String, packs: Set<String>? = nil) {
        state.withLock { state in
            for (key, kept) in state.packs where key.directory == directory {
                if let packs, !kept.pack.hasParts(of: packs) { continue }
                state.packs[key] = nil
                state.cost -= kept.cost
            }
        }
    }
}
