import Core
import NIOCore

/// Requests that wait: the version before has been stopped and the new one is not ready, or the app is asleep and is being
/// started.
extension FrontHandler {
    /// Where a request waits, and how long.
    struct Hold {
        let hostname: String
        /// What it is answered with when its time is over.
        let page: Page
        let deadline: NIODeadline
    }

    /// Lets the request whose head is at the front of `pending` wait until its hostname leads elsewhere. It is read anew then.
    func hold(_ head: RequestHead, for placeholder: RouteTarget.Placeholder) {
        if let page = holdEnding {
            holdEnding = nil
            held = nil
            return answer(head, with: page)
        }
        let configuration = worker.configuration
        let hostname = hosts.last?.name ?? ""
        guard
            worker.routes.held.enter(
                hostname, limit: configuration.maximumHeld, hostLimit: configuration.maximumHeldPerHost)
        else {
            held = nil
            return answer(head, with: .tooManyWaiting)
        }
        // One that is read anew and has to wait again does not begin its time again.
        let limit = placeholder == .switching ? configuration.switchTimeout : configuration.holdTimeout
        let wait = Hold(
            hostname: hostname, page: Page(placeholder), deadline: held?.deadline ?? .now() + TimeAmount(limit))
        held = wait
        line = nil
        phase = .held
        worker.held.add(self, at: hostname)
        let bound = NIOLoopBound(self, eventLoop: worker.eventLoop)
        holdTimer = worker.eventLoop.scheduleTask(deadline: wait.deadline) { bound.value.endHold(with: wait.page) }
        // Last: the answer may be there before this returns.
        if case .asleep(let channel) = placeholder { worker.routes.wake(channel) }
    }

    /// Its hostname leads elsewhere.
    func lookAgain() {
        guard leaveHold() else { return }
        readHeads()
        if phase != .held { held = nil }
    }

    /// It has waited for nothing. Where it leads elsewhere in the meantime, it goes there all the same.
    func endHold(with page: Page) {
        holdEnding = page
        lookAgain()
        holdEnding = nil
    }

    /// Takes the request out of those that wait; false when it is none of them.
    @discardableResult
    func leaveHold() -> Bool {
        guard phase == .held, let held else { return false }
        phase = .head
        holdTimer?.cancel()
        holdTimer = nil
        worker.held.remove(self, at: held.hostname)
        worker.routes.held.leave(held.hostname)
        return true
    }
}
