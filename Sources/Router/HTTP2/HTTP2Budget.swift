/// Bounds what a client may make the server do for nothing: resets of streams that it has just opened (CVE-2023-44487),
/// pings, settings, empty frames. Each costs one, each request that is answered earns.
struct HTTP2Budget {
    static let initial = 400

    private var left = initial

    /// False when the client has used up what it had.
    mutating func spend(_ cost: Int = 1) -> Bool {
        left -= cost
        return left >= 0
    }

    /// A stream did some good.
    mutating func earn() { left = min(left + 4, Self.initial) }
}
