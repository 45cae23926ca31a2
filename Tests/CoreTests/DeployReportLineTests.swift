import Core
import Foundation
import Testing

struct DeployReportLineTests {
    @Test func `steps are told with their times, and the whole from the first begin to the last end`() {
        let start = Date(timeIntervalSince1970: 1_000_000)
        var report = DeployReport()
        #expect(report.line == "took no time")
        report.steps = [
            DeployStep(name: .database, startedAt: start, milliseconds: 30),
            DeployStep(name: .resolve, startedAt: start, milliseconds: 4),
            DeployStep(name: .build, startedAt: start.addingTimeInterval(0.03), milliseconds: 60),
            DeployStep(name: .start, startedAt: start.addingTimeInterval(0.09)),
        ]
        #expect(report.line == "took 90 ms: database 30 ms, resolve 4 ms, build 60 ms")
    }
}
