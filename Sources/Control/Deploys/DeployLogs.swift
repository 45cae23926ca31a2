import Core
import Foundation
import Logging
import Synchronization

/// What a listener to a deploy's log gets.
enum DeployLogEvent: Sendable, Hashable {
    /// A stamped line, as it stands in the file.
    case line(String)
    case ended(failure: String?)
}

/// The logs of the deploys that have not ended: every line goes to the file and, live, to whoever listens.
/// A listener gets the lines from the first on, also those written before it came.
final class DeployLogs: Sendable {
    private struct Live {
        var lines: [String] = []
        var bytes = 0
        /// The end of what did not fit any more; written out when the deploy ends.
        var tail: [String] = []
        var listeners: [UUID: AsyncStream<DeployLogEvent>.Continuation] = [:]
        var mask = SecretMask([:])
    }

    /// Bytes that one deploy may write; past that only the last `tailLines` lines are kept.
    static let limit = 4 << 20
    static let tailLines = 200

    private let store: any DeployLogStore
    private let now: WallClock
    private let logger: Logger
    private let live = Mutex<[ID<Deploy>: Live]>([:])

    init(store: any DeployLogStore, now: @escaping WallClock, logger: Logger) {
        self.store = store
        self.now = now
        self.logger = logger
    }

    /// Begins to keep lines for listeners; before the deploy is told to anyone.
    func open(_ deploy: ID<Deploy>) {
        live.withLock { if $0[deploy] == nil { $0[deploy] = Live() } }
    }

    /// Undoes `open` for a deploy that came to nothing.
    func forget(_ deploy: ID<Deploy>) { live.withLock { $0[deploy] = nil } }

    /// From now on the values of these variables are hidden in the deploy's lines.
    func hide(_ environment: [String: String], in deploy: ID<Deploy>) {
        let mask = SecretMask(environment)
        live.withLock { $0[deploy, default: Live()].mask = mask }
    }

    func write(_ text: String, to deploy: ID<Deploy>) {
        let stamp = Timestamp.string(from: now())
        live.withLock { live in
            var state = live[deploy] ?? Live()
            let line = "[\(stamp)] \(state.mask.hide(LogText.harmless(text)))"
            let bytes = line.utf8.count + 1
            guard state.bytes + bytes <= Self.limit else {
                if state.tail.isEmpty { emit("[\(stamp)] … output cut: over \(Self.limit >> 20) MiB", deploy, &state) }
                state.tail.append(line)
                if state.tail.count > Self.tailLines { state.tail.removeFirst() }
                live[deploy] = state
                return
            }
            emit(line, deploy, &state)
            live[deploy] = state
        }
    }

    /// Writes the last lines, makes the file durable, tells the listeners the outcome and forgets the deploy.
    func end(_ deploy: ID<Deploy>, lastLines: [String], failure: String?) {
        let stamp = Timestamp.string(from: now())
        let listeners = live.withLock { live in
            var state = live[deploy] ?? Live()
            for line in state.tail { emit(line, deploy, &state) }
            for text in lastLines { emit("[\(stamp)] \(LogText.harmless(text))", deploy, &state) }
            live[deploy] = nil
            return state.listeners.values
        }
        // Outside the lock: finishing a stream calls its termination handler, which takes the lock.
        for listener in listeners {
            listener.yield(.ended(failure: failure))
            listener.finish()
        }
        report { () throws(PlatformError) in try store.sync(deploy) }
    }

    /// The lines so far and those to come. `nil` when the deploy is not open any more: it has ended.
    func listen(to deploy: ID<Deploy>) -> AsyncStream<DeployLogEvent>? {
        live.withLock { live in
            guard var state = live[deploy] else { return nil }
            let (stream, continuation) = AsyncStream<DeployLogEvent>.makeStream()
            for line in state.lines { continuation.yield(.line(line)) }
            let key = UUID()
            state.listeners[key] = continuation
            live[deploy] = state
            continuation.onTermination = { [weak self] _ in self?.forget(key, deploy) }
            return stream
        }
    }

    private func forget(_ listener: UUID, _ deploy: ID<Deploy>) {
        _ = live.withLock { $0[deploy]?.listeners.removeValue(forKey: listener) }
    }

    private func emit(_ line: String, _ deploy: ID<Deploy>, _ state: inout Live) {
        state.lines.append(line)
        state.bytes += line.utf8.count + 1
        for listener in state.listeners.values { listener.yield(.line(line)) }
        report { () throws(PlatformError) in try store.append(line + "\n", deploy: deploy) }
    }

    /// A log that cannot be written must not fail the deploy.
    private func report(_ body: () throws(PlatformError) -> Void) {
        do throws(PlatformError) { try body() } catch {
            logger.error("deploy log not written", metadata: ["error": "\(error)"])
        }
    }
}

/// One deploy's log, as the builder and the runner write to it.
struct DeployLogWriter: DeployLogSink {
    let logs: DeployLogs
    let deploy: ID<Deploy>

    func write(_ line: String) { logs.write(line, to: deploy) }
}
