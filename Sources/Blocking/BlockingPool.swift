import Dispatch

/// The one place where async code meets blocking calls: C libraries and file work run here, never on the cooperative
/// executor. At most `width` calls run at once; the rest wait in order.
public final class BlockingPool: Sendable {
    private let queue: DispatchQueue
    private let slots: AsyncSemaphore

    /// - Parameter width: how many calls may run at once, and so how many threads the pool takes.
    public init(label: String, width: Int) {
        queue = DispatchQueue(label: "berth.blocking.\(label)", attributes: .concurrent)
        slots = AsyncSemaphore(value: max(1, width))
    }

    /// Runs `body` on a thread of the pool and returns what it returns. The call is not interrupted by cancellation.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await slots.wait()
        let result: Result<Value, Failure> = await withUnsafeContinuation { continuation in
            queue.async {
                let result: Result<Value, Failure>
                do throws(Failure) {
                    result = .success(try body())
                } catch {
                    result = .failure(error)
                }
                continuation.resume(returning: result)
            }
        }
        slots.signal()
        return try result.get()
    }
}
