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
        #expect(configuration.gap(grace: 10, ready: 60) == .seconds(drain + 30 + 120 + 5 + 120))
        #expect(configuration.gap(grace: 0, ready: 1) == .seconds(drain + 20 + 61 + 5 + 61))
    }

    @Test("is never longer than what is held for, whatever a plan asks for")
    func bound() {
        let configuration = ControlConfiguration()
        for (grace, ready) in [(0, 1), (10, 60), (RunPlan.graceRange.upperBound, RunPlan.readyRange.upperBound)] {
            #expect(configuration.gap(grace: grace, ready: ready) <= configuration.longestGap)
        }
        #expect(configuration.longestGap == .seconds(30 + 620 + 3660 + 5 + 3660))
    }
}
