/// What came to a hostname in some time.
public struct TrafficFigures: Sendable, Hashable {
    public var requests: Int
    /// Those that got no answer, or one with a status from 500.
    public var failed: Int
    /// Times to the first byte of the answer, of those that got one.
    public var latencies: LatencyHistogram

    public init(requests: Int = 0, failed: Int = 0, latencies: LatencyHistogram = LatencyHistogram()) {
        self.requests = requests
        self.failed = failed
        self.latencies = latencies
    }

    /// 0 to 1.
    public var failureRate: Double { requests == 0 ? 0 : Double(failed) / Double(requests) }

    /// A request that was answered after so many microseconds.
    public mutating func add(microseconds: Int, isFailure: Bool) {
        requests += 1
        if isFailure { failed += 1 }
        latencies.add(microseconds: microseconds)
    }

    /// A request that got no answer.
    public mutating func addUnanswered() {
        requests += 1
        failed += 1
    }
}

/// Counts times in buckets that grow by an eighth: a percentile is right to some 6 %, whatever the number of times.
public struct LatencyHistogram: Sendable, Hashable {
    private static let steps = 8
    /// 2^32 microseconds are more than an hour.
    private static let buckets = 33 * steps

    private var counts: [Int] = []
    public private(set) var count = 0

    public init() {}

    public mutating func add(microseconds: Int) {
        if counts.isEmpty { counts = [Int](repeating: 0, count: Self.buckets) }
        counts[Self.bucket(microseconds)] += 1
        count += 1
    }

    /// Milliseconds within which `percent` of 100 of the times lie; `nil` without times.
    public func percentile(_ percent: Double) -> Double? {
        guard count > 0 else { return nil }
        let wanted = Int((Double(count) * percent / 100).rounded(.up))
        var seen = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= wanted, number > 0 { return Self.upperBound(bucket) / 1000 }
        }
        return nil
    }

    /// An exponent and the three bits below the first one.
    private static func bucket(_ microseconds: Int) -> Int {
        let value = max(1, min(microseconds, 1 << 32 - 1))
        let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
        let mantissa = exponent >= 3 ? (value >> (exponent - 3)) & 7 : (value << (3 - exponent)) & 7
        return min(exponent * steps + mantissa, buckets - 1)
    }

    private static func upperBound(_ bucket: Int) -> Double {
        let base = Double(1 << (bucket / steps))
        return base * (1 + Double(bucket % steps + 1) / Double(steps))
    }
}
