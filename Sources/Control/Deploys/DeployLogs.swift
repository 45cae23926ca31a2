import Core
import Foundation
import Logging
import Synchronization

/// The logs of the deploys that have not ended: every line goes to the file and, live, to whoever listens.
/// A listener gets the lines from the first on, also those written before it came.
final class DeployLogs: Sendable {
    private struct State {
        var live: [ID<Deploy>: LiveLog] = [:]
        var isClosed = false
    }

    private let store: any DeployLogStore
    private let now: WallClock
    private let logger: Logger
    private let state = Mutex(State())

    init(store: any DeployLogStore, now: @escaping WallClock, logger: Logger) {
        self.store = store
        self.now = now
        self.logger = logger
    }

    /// Begins to keep lines for listeners; before the deploy is told to anyone.
    /// - Parameter lines: what was written before this server was started.
    func open(_ deploy: ID<Deploy>, after lines: [String] = []) {
        state.withLock { if $0.live[deploy] == nil { $0.live[deploy] = log(of: deploy, after: lines) } }
    }

    /// The lines of a log as it is kept.
    static func lines(_ log: Data?) -> [String] {
        guard let log else { return [] }
        return String(decoding: log, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }

    /// Undoes `open` for a deploy that came to nothing.
    func forget(_ deploy: ID<Deploy>) { state.withLock { $0.live[deploy] = nil } }

    /// From now on the values of these variables are hidden in the deploy's lines.
    func hide(_ environment: [String: String], in deploy: ID<Deploy>) {
        live(deploy)?.hide(SecretMask(environment))
    }

    /// A text about the deploy as it may be shown: as a line of its log is.
    func shown(_ text: String, in deploy: ID<Deploy>) -> String {
        live(deploy)?.shown(text) ?? LogText.harmless(text)
    }

    /// It has not ended since it was opened.
    func isOpen(_ deploy: ID<Deploy>) -> Bool { live(deploy) != nil }

    /// Without effect on a deploy that is not open.
    func write(_ lines: [String], to deploy: ID<Deploy>) { live(deploy)?.write(lines, stamp: stamp) }

    /// Writes the last lines, makes the file durable, tells the listeners the outcome and forgets the deploy.
    func end(_ deploy: ID<Deploy>, lastLines: [String], failure: String?) {
        let live = state.withLock { $0.live.removeValue(forKey: deploy) } ?? log(of: deploy)
        live.end(lastLines, stamp: stamp, failure: failure)
        report { () throws(PlatformError) in try store.sync(deploy) }
    }

    /// The lines so far and those to come. `nil` when the deploy is not open any more: it has ended. When the server is
    /// being stopped the stream ends without an outcome.
    func listen(to deploy: ID<Deploy>) -> AsyncStream<DeployLogEvent>? {
        let (live, isClosed) = state.withLock { ($0.live[deploy], $0.isClosed) }
        guard let stream = live?.listen() else { return nil }
        // `close` may have come between the two: it has not seen this listener then.
        if isClosed || state.withLock({ $0.isClosed }) { live?.abandon() }
        return stream
    }

    /// Ends the streams of all listeners; no deploy goes on in this process.
    func close() {
        let live = state.withLock { state in
            state.isClosed = true
            return Array(state.live.values)
        }
        for log in live { log.abandon() }
    }

    private var stamp: String { Timestamp.string(from: now()) }

    private func live(_ deploy: ID<Deploy>) -> LiveLog? { state.withLock { $0.live[deploy] } }

    private func log(of deploy: ID<Deploy>, after lines: [String] = []) -> LiveLog {
        LiveLog(lines: lines) { [self] text in
            report { () throws(PlatformError) in try store.append(text, deploy: deploy) }
        }
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

    func write(_ line: String) { logs.write([line], to: deploy) }
    func write(contentsOf lines: [String]) { logs.write(lines, to: deploy) }
}
