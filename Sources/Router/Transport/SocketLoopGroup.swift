import NIOCore

/// The event loops of the router, one for each worker.
struct SocketLoopGroup: Sendable {
    let loops: [SocketLoop]

    /// Throws `IOError` when there is nothing left to make one with.
    init(count: Int) async throws {
        var loops: [SocketLoop] = []
        do {
            for index in 0..<max(1, count) { loops.append(try SocketLoop(name: "router-\(index)")) }
        } catch {
            for loop in loops { try? await loop.shutdownGracefully() }
            throw error
        }
        self.loops = loops
    }

    var first: SocketLoop { loops[0] }

    /// Closes what is open, and ends the threads.
    func shutdown() async { for loop in loops { try? await loop.shutdownGracefully() } }
}
