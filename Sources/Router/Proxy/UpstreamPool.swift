import NIOCore
import NIOSSL

/// The connections of one event loop to upstreams. A request always uses a connection of its client's own loop.
final class UpstreamPool {
    private unowned let worker: Worker
    private var buckets: [ObjectIdentifier: UpstreamBucket] = [:]

    init(worker: Worker) { self.worker = worker }

    var isEmpty: Bool { buckets.values.allSatisfy(\.isEmpty) }

    /// An open connection that was used within `age` ticks, the one used last first.
    /// - Parameter isVerified: ask the kernel whether the upstream has closed it. The event loop may not have told yet.
    func checkOut(_ upstream: Upstream, usedWithin age: Int, isVerified: Bool) -> UpstreamHandler? {
        buckets[ObjectIdentifier(upstream)]?.checkOut(usedWithin: max(1, age - 1), isVerified: isVerified)
    }

    /// Opens a connection. `front` hears of it through `upstreamConnected` or `upstreamFailed`, later.
    func connect(_ upstream: Upstream, for front: FrontHandler) -> UpstreamAttempt {
        let bucket = bucket(upstream)
        let attempt = UpstreamAttempt(front: front)
        bucket.attempts.append(attempt)
        let handler = UpstreamHandler(worker: worker, bucket: bucket)
        let (name, tls) = (upstream.originName, upstream.originName == nil ? nil : worker.clientTLS)
        StreamChannel.connect(
            to: upstream.address, on: worker.eventLoop, waterMark: .init(worker.configuration.bufferedBytes),
            within: TimeAmount(worker.configuration.upstreamConnectTimeout)
        ) { channel in
            guard let name else { return channel.attach(handler) }
            guard let tls else { throw ChannelError.operationUnsupported }
            try channel.pipeline.syncOperations.addHandlers([
                NIOSSLClientHandler(context: tls, serverHostname: name), handler,
            ])
        } completion: { result in
            bucket.attempts.removeAll { $0 === attempt }
            let front = attempt.front
            attempt.front = nil
            switch result {
            case .success: if let front { front.upstreamConnected(handler) } else { handler.close() }
            case .failure(let error): front?.upstreamFailed(.notConnected(error))
            }
        }
        return attempt
    }

    /// Keeps a connection for the next request.
    /// - Parameter lifetime: ticks.
    func checkIn(_ handler: UpstreamHandler, lifetime: Int) {
        handler.expires = worker.clock.expiry(ticks: lifetime)
        handler.lastUsed = worker.clock.now
        handler.bucket.checkIn(handler, limit: worker.configuration.upstreamIdleConnections)
        worker.keepTime()
    }

    func closeExpired() {
        for (key, bucket) in buckets {
            bucket.closeIdle { $0.expires <= worker.clock.now }
            // An upstream may be gone for good.
            if bucket.isEmpty { buckets[key] = nil }
        }
    }

    /// Closes all connections to an upstream, cutting the requests on them, and takes no more of them back.
    func retire(_ upstream: Upstream) {
        buckets.removeValue(forKey: ObjectIdentifier(upstream))?.retire()
    }

    /// Cuts the requests on an upstream, except WebSockets and event streams. Returns how many those were.
    func cutShortLived(_ upstream: Upstream) -> Int {
        buckets[ObjectIdentifier(upstream)]?.cut { !$0.isLongLived && $0.phase != .idle } ?? 0
    }

    func closeAll() {
        let all = buckets.values
        buckets.removeAll()
        for bucket in all { bucket.retire() }
    }

    private func bucket(_ upstream: Upstream) -> UpstreamBucket {
        if let known = buckets[ObjectIdentifier(upstream)] { return known }
        let bucket = UpstreamBucket(upstream: upstream)
        buckets[ObjectIdentifier(upstream)] = bucket
        return bucket
    }
}

/// A connection that is being opened for a client.
final class UpstreamAttempt {
    /// `nil` when the client has gone.
    var front: FrontHandler?

    init(front: FrontHandler) { self.front = front }
}

/// The connections to one upstream.
final class UpstreamBucket {
    /// Keeps the upstream, and with it the identity under which the bucket is found, alive.
    let upstream: Upstream
    var attempts: [UpstreamAttempt] = []
    /// Every open connection; each knows its place.
    private var connections: [UpstreamHandler] = []
    /// Those without a request, the one used last at the end.
    private var idle: [UpstreamHandler] = []
    private(set) var isRetired = false

    init(upstream: Upstream) { self.upstream = upstream }

    var isEmpty: Bool { attempts.isEmpty && connections.isEmpty }

    /// - Parameter ticks: how long ago the last use may have been.
    func checkOut(usedWithin ticks: Int, isVerified: Bool) -> UpstreamHandler? {
        while let handler = idle.last, handler.wasUsed(within: ticks) {
            idle.removeLast()
            if !isVerified || !handler.isClosedByPeer { return handler }
            handler.close()
        }
        return nil
    }

    func checkIn(_ handler: UpstreamHandler, limit: Int) {
        guard !isRetired, idle.count < limit else {
            handler.close()
            return
        }
        idle.append(handler)
    }

    func opened(_ handler: UpstreamHandler) {
        handler.registration = connections.count
        connections.append(handler)
    }

    func closed(_ handler: UpstreamHandler) {
        idle.removeAll { $0 === handler }
        let index = handler.registration
        guard connections.indices.contains(index), connections[index] === handler else { return }
        let last = connections.removeLast()
        if last !== handler {
            last.registration = index
            connections[index] = last
        }
    }

    func closeIdle(where isExpired: (UpstreamHandler) -> Bool) {
        guard !idle.isEmpty else { return }
        let expired = idle.filter(isExpired)
        for handler in expired { handler.close() }
    }

    func cut(where isMeant: (UpstreamHandler) -> Bool) -> Int {
        let meant = connections.filter(isMeant)
        let waiting = attempts.compactMap { attempt in
            defer { attempt.front = nil }
            return attempt.front
        }
        for handler in meant { handler.cut() }
        for front in waiting { front.upstreamFailed(.cut) }
        return meant.count + waiting.count
    }

    func retire() {
        isRetired = true
        let open = connections
        let waiting = attempts.compactMap { attempt in
            defer { attempt.front = nil }
            return attempt.front
        }
        for handler in open { handler.cut() }
        for front in waiting { front.upstreamFailed(.cut) }
    }
}
