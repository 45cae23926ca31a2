import Core
import Testing

@Suite("Figures of traffic")
struct TrafficFiguresTests {
    @Test("tell percentiles that are right to an eighth")
    func percentiles() throws {
        var times = LatencyHistogram()
        #expect(times.percentile(99) == nil)
        for value in 1...1000 { times.add(microseconds: value * 100) }
        for (percent, milliseconds) in [(50.0, 50.0), (99.0, 99.0), (100.0, 100.0)] {
            let found = try #require(times.percentile(percent))
            #expect(found >= milliseconds * 0.99 && found <= milliseconds * 1.15, "\(percent): \(found)")
        }
    }

    @Test("take any number", arguments: [Int.min, -1, 0, 1, 7, 1 << 40, Int.max])
    func extremes(_ value: Int) {
        var times = LatencyHistogram()
        times.add(microseconds: value)
        #expect(times.percentile(99) != nil)
    }

    @Test("of a switch are one line")
    func line() {
        func figures(_ requests: Int, failed: Int, microseconds: Int) -> TrafficFigures {
            var figures = TrafficFigures()
            for number in 0..<requests { figures.add(microseconds: microseconds, isFailure: number < failed) }
            return figures
        }
        let none = TrafficFigures()
        #expect(SwitchFigures(before: none, after: none).line == "switch: 0 failed of 0")
        #expect(
            SwitchFigures(
                before: figures(5, failed: 0, microseconds: 8000), after: figures(9, failed: 2, microseconds: 2000)
            ).line == "switch: 2 failed of 9, p99 -6 ms")
    }
}
