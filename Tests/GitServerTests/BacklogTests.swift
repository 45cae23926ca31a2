import Testing

@testable import GitServer

@Suite struct BacklogTests {
    private static func lines(_ count: Int, bytes: Int = 1) -> [String] {
        Array(repeating: String(repeating: "x", count: bytes), count: count)
    }

    @Test func aClientThatReadsSlowlyMissesWhatDoesNotFit() {
        let backlog = Backlog(limit: 10, byteLimit: 1000)
        #expect(backlog.enter(Self.lines(8)).count == 8)
        #expect(backlog.enter(Self.lines(5)).count == 2)
        #expect(backlog.enter(Self.lines(1)).isEmpty)
        #expect(backlog.leave(Self.lines(8)) == 4)
        // Said once.
        #expect(backlog.leave(Self.lines(2)) == nil)
        #expect(backlog.enter(Self.lines(3)).count == 3)
    }

    @Test func longLinesFillItSooner() {
        let backlog = Backlog(limit: 10, byteLimit: 1000)
        #expect(backlog.enter(Self.lines(1, bytes: 400)).count == 1)
        #expect(backlog.enter(Self.lines(3, bytes: 300)).count == 2)
        #expect(backlog.enter(Self.lines(1)).isEmpty)
        #expect(backlog.leave(Self.lines(2, bytes: 300)) == 2)
        #expect(backlog.enter(Self.lines(1, bytes: 601)).isEmpty)
        #expect(backlog.enter(Self.lines(1, bytes: 600)).count == 1)
    }

    @Test func aClientThatHasTakenEverythingGetsAllThatComesAtOnce() {
        let backlog = Backlog(limit: 10, byteLimit: 100)
        #expect(backlog.enter(Self.lines(1000)).count == 1000)
        #expect(backlog.enter(Self.lines(1)).isEmpty)
        #expect(backlog.leave(Self.lines(1000)) == 1)
    }
}
