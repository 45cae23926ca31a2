import Core

/// Counts a task's output as a log keeps it, and tells how long to wait before more is read, so that endless output costs
/// the server no more than a steady stream.
struct OutputMeter: Sendable {
    /// Bytes a second that are taken for long.
    static let rate = 1 << 20
    /// Bytes that are taken at once.
    static let burst = 512 << 10

    private let limit: Int
    private var taken = 0
    /// What came faster than the rate.
    private var level = 0.0
    private var lookedAt: ContinuousClock.Instant
    private(set) var isOver = false

    init(limit: Int, now: ContinuousClock.Instant = .now) {
        self.limit = limit
        lookedAt = now
    }

    /// How many of the bytes, from the first on, are within the limit.
    mutating func take(_ bytes: UnsafeRawBufferPointer, now: ContinuousClock.Instant = .now) -> Int {
        guard !isOver else { return 0 }
        level = max(0, level - Double(Self.rate) * ((now - lookedAt) / .seconds(1)))
        lookedAt = now
        let before = taken
        defer { level += Double(taken - before) }
        for (index, byte) in bytes.enumerated() {
            let size = byte == UInt8(ascii: "\n") ? 1 + ContainerTask.logEntryBytes : 1
            guard taken + size <= limit else {
                isOver = true
                return index
            }
            taken += size
        }
        return bytes.count
    }

    /// How long to wait before the next read; zero mostly.
    var pause: Duration {
        isOver ? .zero : .seconds(max(0, level - Double(Self.burst)) / Double(Self.rate))
    }
}
