import Core
import Testing

@testable import Runner

@Suite struct OutputMeterTests {
    private let start = ContinuousClock.now

    private func take(_ bytes: [UInt8], with meter: inout OutputMeter, after time: Duration = .zero) -> Int {
        bytes.withUnsafeBytes { meter.take($0, now: start + time) }
    }

    @Test func `lines count as a log keeps them, and what is over the limit is not taken`() {
        var meter = OutputMeter(limit: 2 * (3 + ContainerTask.logEntryBytes), now: start)
        let line = Array("ab\n".utf8)
        #expect(take(line + line, with: &meter) == 6)
        #expect(!meter.isOver)
        #expect(take(line, with: &meter) == 0)
        #expect(meter.isOver && meter.pause == .zero)
        #expect(take(line, with: &meter) == 0)
    }

    @Test func `a burst is taken at once, what goes on faster than the rate waits`() {
        var meter = OutputMeter(limit: 1 << 30, now: start)
        let block = [UInt8](repeating: 0x61, count: OutputMeter.burst)
        _ = take(block, with: &meter)
        #expect(meter.pause == .zero)
        _ = take([UInt8](repeating: 0x61, count: OutputMeter.rate), with: &meter)
        #expect(meter.pause == .seconds(1))
        // Whoever was slow has the burst again.
        _ = take(block, with: &meter, after: .seconds(60))
        #expect(meter.pause == .zero)
    }
}
