import NIOCore

/// A worker as the rest of the process may hold it.
struct WorkerHandle: Sendable {
    let worker: NIOLoopBound<Worker>
    let eventLoop: SocketLoop

    /// Closes every connection to an upstream; requests that are still open on it are cut. Done when it returns.
    func retire(_ upstream: Upstream) async {
        // Fails only when the loop has ended, and its connections with it.
        try? await eventLoop.submit { worker.value.pool.retire(upstream) }.get()
    }

    /// Those who wait at a hostname look where it leads now.
    func resumeHeld(at hostname: String) { eventLoop.execute { worker.value.held.resume(hostname) } }

    /// Those who wait at a hostname are told that what they wait for did not start.
    func refuseHeld(at hostname: String) { eventLoop.execute { worker.value.held.refuse(hostname) } }

    /// Cuts what is open on an upstream, except WebSockets and event streams. Returns how many requests that were.
    func cutShortLived(_ upstream: Upstream) async -> Int {
        (try? await eventLoop.submit { worker.value.pool.cutShortLived(upstream) }.get()) ?? 0
    }
}
