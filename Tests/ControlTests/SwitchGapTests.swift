import Control
import Core
import Testing

@Suite("The gap between two versions that must not run at once")
struct SwitchGapTests {
    @Test("takes the drain, the old version's end, the new one's start, and the way back", arguments: [0, 30, 600])
    func parts(drain: Int) {
        var configuration = ControlConfiguration()
        configuration.drainSeconds = drain
        configuration.failedDrainSeconds = 5
        configuration.stopMargin = .seconds(20)
        configuration.startMargin = .seconds(60)
        // What is waited for when its time is over, and written down.
        configuration.stepGrace = .seconds(7)
        configuration.stepLimits[.switch] = .seconds(11)
        let others = 4 * 7 + 3 * 11
        let slow = drain + 30 + 120 + 25 + 120
        let quick = drain + 20 + 61 + 25 + 61
        #expect(configuration.gap(grace: 10, ready: 60) == .seconds(slow + others))
        #expect(configuration.gap(grace: 0, ready: 1) == .seconds(quick + others))
    }

    @Test("is never longer than what is held for, whatever a plan asks for")
    func bound() {
        let configuration = ControlConfiguration()
        for (grace, ready) in [(0, 1), (10, 60), (RunPlan.graceRange.upperBound, RunPlan.readyRange.upperBound)] {
            #expect(configuration.gap(grace: grace, ready: ready) <= configuration.longestGap)
        }
        let parts = [30 + 620, 3660, 25, 3660]
        let others = [4 * 30, 3 * 60]
        #expect(configuration.longestGap == .seconds(parts.reduce(0, +) + others.reduce(0, +)))
    }
}
