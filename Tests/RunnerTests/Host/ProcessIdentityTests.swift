import Glibc
import Testing

@testable import Runner

@Suite struct ProcessIdentityTests {
    @Test func `a command's name may hold spaces and parentheses`() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1000 1"
        let fields = ProcessIdentity.fields(stat)
        #expect(fields?.state == "S")
        #expect(fields?.startTime == 98_765)
        #expect(ProcessIdentity.fields("42 (cut") == nil)
    }

    @Test func `this process is alive, one that never was is not`() {
        #expect(ProcessIdentity(pid: getpid())?.isAlive == true)
        #expect(ProcessIdentity(pid: 0) == nil)
        #expect(ProcessIdentity(pidFile: "/nonexistent") == nil)
    }
}
