import Dispatch
import NIOCore

/// What NIO asks of an event loop.
extension SocketLoop: EventLoop {
    func execute(_ task: @escaping @Sendable () -> Void) {
        if inEventLoop { later(task) } else if !post(task) { runAfterEnd(task) }
    }

    func _executeIsolatedUnsafeUnchecked(_ task: @escaping () -> Void) { later(task) }

    /// Fails with `EventLoopError.shutdown` when the loop has ended.
    func submit<Value>(_ task: @escaping @Sendable () throws -> Value) -> EventLoopFuture<Value> {
        let promise = makePromise(of: Value.self)
        let job: @Sendable () -> Void = {
            promise.assumeIsolatedUnsafeUnchecked().completeWith(Result(catching: task))
        }
        if inEventLoop { later(job) } else if !post(job) { promise.fail(EventLoopError.shutdown) }
        return promise.futureResult
    }

    @discardableResult
    func scheduleTask<Value>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> Value
    ) -> Scheduled<Value> {
        let promise = makePromise(of: Value.self)
        let timer = LoopTimer(
            deadline, { promise.assumeIsolatedUnsafeUnchecked().completeWith(Result(catching: task)) },
            failure: { promise.fail($0) })
        if inEventLoop {
            add(timer)
        } else if !post({ self.add(timer) }) {
            promise.fail(EventLoopError.shutdown)
        }
        return Scheduled(promise: promise) {
            if self.inEventLoop { self.cancel(timer) } else { _ = self.post { self.cancel(timer) } }
        }
    }

    @discardableResult
    func scheduleTask<Value>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> Value
    ) -> Scheduled<Value> {
        scheduleTask(deadline: .now() + delay, task)
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        stop { queue.async { callback(nil) } }
    }
}
