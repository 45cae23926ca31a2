import Glibc
import Testing

@testable import Router

@Suite struct AcceptPauseTests {
    @Test(arguments: [
        (EMFILE, true), (ENFILE, true), (ENOBUFS, true), (ENOMEM, true), (EINVAL, true),
        (ECONNABORTED, false), (EPERM, false), (EPROTO, false),
    ])
    func acceptingPausesWhenThereIsNothingToTakeAConnectionWith(_ code: CInt, _ pauses: Bool) {
        #expect((ListeningSocket.pause(after: code) != nil) == pauses)
    }
}
