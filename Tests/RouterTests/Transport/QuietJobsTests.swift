import Testing

@testable import Router

@Suite struct QuietJobsTests {
    @Test func aQuietTurnTakesThemAllInTheirOrder() {
        var (jobs, order) = (QuietJobs(), [Int]())
        for number in 0..<3 { jobs.add { order.append(number) } }
        for job in jobs.take(isQuiet: true) { job() }
        #expect(order == [0, 1, 2])
        #expect(jobs.isEmpty && jobs.take(isQuiet: true).isEmpty)
    }

    @Test func aLoopThatIsNeverQuietLetsThemWaitForSomeTurnsOnly() {
        var jobs = QuietJobs()
        // Turns without jobs do not count.
        for _ in 0..<20 { #expect(jobs.take(isQuiet: false).isEmpty) }
        for _ in 0..<2 {
            jobs.add {}
            for _ in 1..<QuietJobs.patience { #expect(jobs.take(isQuiet: false).isEmpty) }
            #expect(jobs.take(isQuiet: false).count == 1)
        }
    }
}
