import Testing

@testable import GitServer

@Suite struct BacklogTests {
    @Test func aClientThatReadsSlowlyMissesWhatDoesNotFit() {
        let backlog = Backlog(limit: 10)
        #expect(backlog.enter(8) == 8)
        #expect(backlog.enter(5) == 2)
        #expect(backlog.enter(1) == 0)
        #expect(backlog.leave(8) == 4)
        // Said once.
        #expect(backlog.leave(2) == nil)
        #expect(backlog.enter(3) == 3)
    }

    @Test func aClientThatHasTakenEverythingGetsAllThatComesAtOnce() {
        let backlog = Backlog(limit: 10)
        #expect(backlog.enter(1000) == 1000)
        #expect(backlog.enter(1) == 0)
        #expect(backlog.leave(1000) == 1)
    }
}
