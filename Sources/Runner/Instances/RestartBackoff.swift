/// How long a crashed instance waits before it is started again: 0.1 s, doubled each time up to 30 s, from the beginning
/// again once it ran for a minute.
struct RestartBackoff: Sendable {
    static let first = Duration.milliseconds(100)
    static let longest = Duration.seconds(30)
    static let stable = Duration.seconds(60)

    private var next = Self.first

    /// - Parameter uptime: how long the instance ran until this crash.
    mutating func delay(after uptime: Duration) -> Duration {
        if uptime >= Self.stable { next = Self.first }
        defer { next = min(next * 2, Self.longest) }
        return next
    }
}
