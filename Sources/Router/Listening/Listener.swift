import Core
import NIOCore

/// Opens listening sockets: one for each event loop, between which the kernel shares connections out (SO_REUSEPORT), so that
/// no connection is handed from thread to thread.
struct Listener {
    let workers: [WorkerHandle]
    let setup: ConnectionSetup
    let configuration: RouterConfiguration

    /// Throws `.invalid` for what is no IP address.
    static func address(_ host: String, _ port: Int) throws(PlatformError) -> SocketAddress {
        do { return try SocketAddress(ipAddress: host, port: port) } catch {
            throw .invalid("the router cannot listen on \"\(host)\": not an IP address")
        }
    }

    func open(_ address: SocketAddress, isSecure: Bool) async throws -> [ListeningSocket] {
        var listeners: [ListeningSocket] = []
        do {
            // A shared socket would take an address over that another process listens on: the first one does not, and is
            // shared from then on. None is closed on the way: a program that is being started holds a copy of it until its
            // own image is loaded, and the copy listens.
            let first = try socket(address, workers[0], isShared: false, isSecure: isSecure)
            listeners.append(first)
            if workers.count > 1 { try first.share() }
            for worker in workers.dropFirst() {
                listeners.append(try socket(first.address, worker, isShared: true, isSecure: isSecure))
            }
            for listener in listeners { try await listener.begin() }
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
        return listeners
    }

    private func socket(
        _ address: SocketAddress, _ handle: WorkerHandle, isShared: Bool, isSecure: Bool
    ) throws -> ListeningSocket {
        let (setup, worker) = (setup, handle.worker)
        // In HTTP and in TLS it is the client that speaks first: one event tells of the connection and of the request.
        return try ListeningSocket(
            address, on: handle.eventLoop, isShared: isShared, awaitsData: true,
            waterMark: .init(configuration.bufferedBytes)
        ) { channel in try setup.begin(channel, worker: worker.value, isSecure: isSecure) }
    }
}
