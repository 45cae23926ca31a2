import Core
import Synchronization

/// Counts what comes to one hostname, whatever it leads to, as long as somebody wants to know.
final class TrafficMeter: Sendable {
    private let state = Mutex(TrafficFigures())

    var figures: TrafficFigures { state.withLock { $0 } }

    /// What was counted; the count begins anew.
    func take() -> TrafficFigures {
        state.withLock { figures in
            defer { figures = TrafficFigures() }
            return figures
        }
    }

    /// An answer's head has come.
    func answered(status: Int, after start: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let microseconds = Int(seconds) &* 1_000_000 &+ Int(attoseconds / 1_000_000_000_000)
        state.withLock { $0.add(microseconds: microseconds, isFailure: status >= 500) }
    }

    /// No answer came, or one of ours that says so.
    func failed() { state.withLock { $0.addUnanswered() } }
}

/// A request that is measured.
struct MeasuredRequest {
    let meter: TrafficMeter
    let start = ContinuousClock.now

    init?(_ meter: TrafficMeter?) {
        guard let meter else { return nil }
        self.meter = meter
    }

    /// An answer's head is on its way.
    func answered(status: Int) { meter.answered(status: status, after: start) }
}
