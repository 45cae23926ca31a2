import Synchronization

/// What was read of the refs of repositories, kept as long as nothing on disk has changed. Whether it has is asked of the
/// file system at every look-up, so that the changes of other git programs are seen at once.
package final class ReferenceCache: Sendable {
    struct Entry: Sendable {
        let snapshot: ReferenceSnapshot
        let stamps: [FileStamp]
        var bytes: Int
        var lastUse = 0
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var bytes = 0
        var uses = 0
        var generation: UInt64 = 0
    }

    private let byteLimit: Int
    private let state = Mutex(State())

    /// - Parameter byteLimit: memory that all entries may take together, by estimate; the least used go first.
    package init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// What is known of the repository at `directory`, `nil` when it must be read.
    func snapshot(of directory: String) -> ReferenceSnapshot? {
        let entry = state.withLock { state in
            state.uses += 1
            state.entries[directory]?.lastUse = state.uses
            return state.entries[directory]
        }
        guard let entry else { return nil }
        // A repository that is gone looks like one without refs otherwise.
        guard entry.stamps.allSatisfy(\.isCurrent) else {
            forget(directory)
            return nil
        }
        return entry.snapshot
    }

    /// Keeps a reading, unless a later change might leave the stamps as they are.
    /// - Parameter moment: when the reading began.
    /// - Returns: the reading's number, zero when it is not kept.
    @discardableResult
    func keep(
        _ snapshot: ReferenceSnapshot, stamps: [FileStamp], readAt moment: Int64, of directory: String
    ) -> UInt64 {
        guard stamps.allSatisfy({ $0.isSettled(at: moment) }) else { return 0 }
        let bytes =
            1024 + snapshot.references.reduce(0) { $0 + $1.name.utf8.count + 128 }
            + stamps.reduce(0) { $0 + $1.path.utf8.count + 96 }
        guard bytes <= byteLimit / 2 else { return 0 }
        return state.withLock { state in
            if let old = state.entries[directory] { state.bytes -= old.bytes }
            state.uses += 1
            state.generation += 1
            var snapshot = snapshot
            snapshot.generation = state.generation
            state.entries[directory] = Entry(snapshot: snapshot, stamps: stamps, bytes: bytes, lastUse: state.uses)
            state.bytes += bytes
            while state.bytes > byteLimit, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
                state.bytes -= oldest.value.bytes
            }
            return state.generation
        }
    }

    func forget(_ directory: String) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: directory) else { return }
            state.bytes -= entry.bytes
        }
    }

    /// How many repositories are known.
    var count: Int { state.withLock { $0.entries.count } }
}
