import Core
import NIOCore

/// Requests that wait because the version before has been stopped and the new one is not ready.
extension FrontHandler {
    private static let lookInterval = TimeAmount.milliseconds(20)

    /// Lets the request whose head is at the front of `pending` wait until its hostname leads elsewhere. It is read anew then.
    func hold(_ head: RequestHead) {
        let deadline = holdDeadline ?? .now + worker.configuration.holdTimeout
        guard deadline > .now else {
            holdDeadline = nil
            return answer(head, with: Page(.switching))
        }
        holdDeadline = deadline
        line = nil
        phase = .held
        let bound = NIOLoopBound(self, eventLoop: worker.eventLoop)
        worker.eventLoop.scheduleTask(in: Self.lookInterval) { bound.value.lookAgain() }
    }

    private func lookAgain() {
        guard phase == .held else { return }
        phase = .head
        readHeads()
        if phase != .held { holdDeadline = nil }
    }
}
