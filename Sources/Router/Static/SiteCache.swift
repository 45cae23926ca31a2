import Core
import NIOCore
import Synchronization

/// A small file as it is kept in memory.
final class CachedFile: Sendable {
    let heads: SiteHeads
    let body: ByteBuffer
    /// Bytes of memory, roughly.
    let weight: Int
    /// Was asked for since the last look of the one who makes room.
    let wasUsed = Atomic<Bool>(false)

    init(heads: SiteHeads, body: ByteBuffer) {
        self.heads = heads
        self.body = body
        weight = body.readableBytes + heads.found.readableBytes + heads.notModified.readableBytes + 512
    }
}

/// Keeps small files in memory, up to a limit; what was not asked for lately goes first (the clock algorithm).
final class SiteCache: Sendable {
    struct Key: Hashable, Sendable {
        let release: ID<Release>
        let name: StaticSite.Name
        let coding: ContentCoding
        /// 200, or 404 for the site's page for what is not there.
        let status: Int
        /// The rules of `_headers` that the head is made with.
        let rules: [Int]
    }

    private struct State {
        var files: [Key: CachedFile] = [:]
        /// In the order in which room is looked for.
        var ring: [Key] = []
        var hand = 0
        var bytes = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: bytes.
    init(capacity: Int) { self.capacity = capacity }

    /// Bytes held now.
    var bytes: Int { state.withLock { $0.bytes } }
    var count: Int { state.withLock { $0.files.count } }

    func file(_ key: Key) -> CachedFile? {
        let file = state.withLock { $0.files[key] }
        file?.wasUsed.store(true, ordering: .relaxed)
        return file
    }

    func insert(_ file: CachedFile, for key: Key) {
        guard file.weight <= capacity else { return }
        state.withLock { state in
            guard state.files[key] == nil else { return }
            while state.bytes + file.weight > capacity, !state.ring.isEmpty { Self.dropOne(&state) }
            state.files[key] = file
            state.ring.append(key)
            state.bytes += file.weight
        }
    }

    /// Forgets a release that is no longer served.
    func remove(_ release: ID<Release>) {
        state.withLock { state in
            state.ring.removeAll { key in
                guard key.release == release else { return false }
                state.bytes -= state.files.removeValue(forKey: key)?.weight ?? 0
                return true
            }
            state.hand = 0
        }
    }

    private static func dropOne(_ state: inout State) {
        while true {
            if state.hand >= state.ring.count { state.hand = 0 }
            let key = state.ring[state.hand]
            if state.files[key]?.wasUsed.exchange(false, ordering: .relaxed) == true {
                state.hand += 1
                continue
            }
            state.bytes -= state.files.removeValue(forKey: key)?.weight ?? 0
            state.ring.swapAt(state.hand, state.ring.count - 1)
            state.ring.removeLast()
            return
        }
    }
}
