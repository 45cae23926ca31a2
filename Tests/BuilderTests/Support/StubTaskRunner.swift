import Core
import Synchronization

/// Does in the task's folder what a test says, instead of running a container.
final class StubTaskRunner: ContainerTaskRunner {
    typealias Body =
        @Sendable (ContainerTask, @Sendable ([UInt8]) -> Void) async throws(PlatformError) -> ContainerTaskExit

    private let body: Body
    private let recorded = Mutex<[ContainerTask]>([])

    /// The tasks that were run, in order.
    var tasks: [ContainerTask] { recorded.withLock { $0 } }

    init(_ body: @escaping Body = { _, _ in .exited(0) }) { self.body = body }

    func run(
        _ task: ContainerTask, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(PlatformError) -> ContainerTaskExit {
        recorded.withLock { $0.append(task) }
        return try await body(task, output)
    }
}
