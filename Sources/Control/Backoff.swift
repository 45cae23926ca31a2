/// The pauses between attempts: the first one, then twice as long each time, up to the longest.
public struct Backoff: Sendable, Hashable {
    public var first: Duration
    public var longest: Duration

    public init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// The pause after the failed attempt number `attempt`, counted from 1.
    func pause(after attempt: Int) -> Duration {
        // 2^20 times any sensible first pause is past the longest.
        min(longest, first * (1 << min(max(0, attempt - 1), 20)))
    }
}
