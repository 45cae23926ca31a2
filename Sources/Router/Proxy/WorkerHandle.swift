import NIOCore

/// A worker as the rest of the process may hold it.
struct WorkerHandle: Sendable {
    let worker: NIOLoopBound<Worker>
    let eventLoop: any EventLoop

    /// Closes every connection to an upstream; requests that are still open on it are cut. Done when it returns.
    func retire(_ upstream: Upstream) async {
        // Fails only when the loop has ended, and its connections with it.
        try? await eventLoop.submit { worker.value.pool.retire(upstream) }.get()
    }

    /// Cuts what is open on an upstream, except WebSockets and event streams. Returns how many requests that were.
    func cutShortLived(_ upstream: Upstream) async -> Int {
        (try? await eventLoop.submit { worker.value.pool.cutShortLived(upstream) }.get()) ?? 0
    }
}
