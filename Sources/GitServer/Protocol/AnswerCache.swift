import Core
import Git
import Synchronization

/// Answers that say nothing but what refs there are, kept as bytes as long as the refs stay as they are.
final class AnswerCache: Sendable {
    enum Question: Sendable, Hashable {
        case uploadPack(GitProtocolVersion)
        case receivePack(GitProtocolVersion)
        case list(ReferenceList)

        /// About how many bytes it takes.
        fileprivate var memory: Int { if case .list(let list) = self { list.memory } else { 0 } }
    }

    private struct Key: Hashable {
        let app: ID<App>
        let question: Question
    }

    private struct Entry {
        let generation: UInt64
        let bytes: [UInt8]
        let cost: Int
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var bytes = 0
        var uses = 0
    }

    private let byteLimit: Int
    private let state = Mutex(State())

    /// - Parameter byteLimit: memory for all answers; the least used go first.
    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// The answer to a question about a snapshot: as it was given before, or as `make` makes it.
    func answer(
        _ question: Question, of app: ID<App>, _ snapshot: ReferenceSnapshot, _ make: () -> [UInt8]
    ) -> [UInt8] {
        // A snapshot without a number may not be the one that the next request sees.
        guard snapshot.generation != 0 else { return make() }
        let key = Key(app: app, question: question)
        let known: [UInt8]? = state.withLock { state in
            guard let entry = state.entries[key], entry.generation == snapshot.generation else { return nil }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return entry.bytes
        }
        if let known { return known }
        let bytes = make()
        keep(bytes, key, snapshot.generation)
        return bytes
    }

    var count: Int { state.withLock { $0.entries.count } }

    private func keep(_ bytes: [UInt8], _ key: Key, _ generation: UInt64) {
        guard bytes.count <= byteLimit / 4 else { return }
        state.withLock { state in
            if let old = state.entries[key] { state.bytes -= old.cost }
            state.uses += 1
            let cost = bytes.count + key.question.memory + 512
            let entry = Entry(generation: generation, bytes: bytes, cost: cost, lastUse: state.uses)
            state.entries[key] = entry
            state.bytes += cost
            while state.bytes > byteLimit, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
                state.bytes -= oldest.value.cost
            }
        }
    }
}
