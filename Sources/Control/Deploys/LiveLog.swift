import Core
import Foundation
import Synchronization

/// What a listener to a deploy's log gets.
enum DeployLogEvent: Sendable, Hashable {
    /// Stamped lines that came at once, as they stand in the file.
    case lines([String])
    case ended(failure: String?)
}

/// The log of one deploy that has not ended. Its lock is held while lines are written to the file, so that file and
/// listeners have the same order; other deploys do not wait for it. Lines that come at once go on together: a program may
/// print faster than each of them could be handed on by itself.
final class LiveLog: Sendable {
    typealias Listener = AsyncStream<DeployLogEvent>.Continuation

    private struct State {
        var lines: [String] = []
        var bytes = 0
        /// The end of what did not fit any more; written out when the deploy ends.
        var tail: [String] = []
        var listeners: [UUID: Listener] = [:]
        var mask = SecretMask([:])
        var hasEnded = false
    }

    /// Bytes that one deploy may write; past that only the last `tailLines` lines are kept.
    static let limit = 4 << 20
    static let tailLines = 200

    private let file: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - lines: what is in the file already.
    ///   - file: appends lines, each of which ends in a line feed, to the deploy's log.
    init(lines: [String] = [], file: @escaping @Sendable (String) -> Void) {
        self.file = file
        state.withLock { state in
            state.lines = lines
            state.bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        }
    }

    func hide(_ mask: SecretMask) { state.withLock { $0.mask = mask } }

    /// A text about the deploy as it may be shown.
    func shown(_ text: String) -> String { state.withLock { $0.mask }.shown(text) }

    /// Writes lines of a step or of the app's own programs. After the end there is nothing to add to.
    func write(_ texts: [String], stamp: String) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            var lines: [String] = []
            lines.reserveCapacity(texts.count)
            var bytes = state.bytes
            for text in texts {
                let shown = state.mask.shown(text)
                let line = "[\(stamp)] \(DeployEnding.isSpelled(by: shown) ? "> " : "")\(shown)"
                if bytes + line.utf8.count + 1 <= Self.limit {
                    bytes += line.utf8.count + 1
                    lines.append(line)
                    continue
                }
                if state.tail.isEmpty { lines.append("[\(stamp)] … output cut: over \(Self.limit >> 20) MiB") }
                state.tail.append(line)
                if state.tail.count > Self.tailLines { state.tail.removeFirst() }
            }
            emit(lines, &state)
        }
    }

    /// Writes the last lines and tells the listeners the outcome.
    func end(_ lastLines: [String], stamp: String, failure: String?) {
        let listeners = state.withLock { state in
            emit(state.tail + lastLines.map { "[\(stamp)] \(LogText.harmless($0))" }, &state)
            state.hasEnded = true
            return Self.takeListeners(&state)
        }
        // Outside the lock: nothing is written any more.
        for listener in listeners {
            listener.yield(.ended(failure: failure))
            listener.finish()
        }
    }

    /// Lets the listeners go without an outcome: the server stops before the deploy has ended.
    func abandon() {
        for listener in state.withLock({ Self.takeListeners(&$0) }) { listener.finish() }
    }

    /// The lines so far and those to come; `nil` when it has ended.
    func listen() -> AsyncStream<DeployLogEvent>? {
        state.withLock { state in
            guard !state.hasEnded else { return nil }
            let (stream, continuation) = AsyncStream<DeployLogEvent>.makeStream()
            if !state.lines.isEmpty { continuation.yield(.lines(state.lines)) }
            let key = UUID()
            state.listeners[key] = continuation
            // Not at once: who cancels a listener's task has a lock of that task, which a writer with our lock waits for.
            continuation.onTermination = { [weak self] _ in Task { self?.forget(key) } }
            return stream
        }
    }

    private func forget(_ listener: UUID) { _ = state.withLock { $0.listeners.removeValue(forKey: listener) } }

    private static func takeListeners(_ state: inout State) -> [Listener] {
        let listeners = Array(state.listeners.values)
        state.listeners = [:]
        return listeners
    }

    private func emit(_ lines: [String], _ state: inout State) {
        guard !lines.isEmpty else { return }
        let text = lines.joined(separator: "\n") + "\n"
        state.lines += lines
        state.bytes += text.utf8.count
        for listener in state.listeners.values { listener.yield(.lines(lines)) }
        file(text)
    }
}
