import Glibc
import NIOCore
import Testing

@testable import Router

@Suite struct AcceptPauseTests {
    @Test(arguments: [
        (EMFILE, true), (ENFILE, true), (ENOBUFS, true), (ENOMEM, true), (ECONNABORTED, false), (EPERM, false),
    ])
    func acceptingPausesWhenThereIsNothingToTakeAConnectionWith(_ code: CInt, _ pauses: Bool) {
        #expect((Listener.pause(after: IOError(errnoCode: code, reason: "accept")) != nil) == pauses)
    }
}
