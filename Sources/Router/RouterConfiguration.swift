import NIOCore

/// How the router listens, what it allows and how long it waits.
public struct RouterConfiguration: Sendable {
    /// IP address to listen on.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 8080
    /// Event-loop threads.
    public var workers = System.coreCount
    /// Threads that read files.
    public var fileThreads = 2
    /// The platform's domain, lower case: a request by bare IP address goes to `api.<domain>`.
    public var domain = "localhost"

    /// How long open requests may go on when the server stops.
    public var drain: Duration = .seconds(30)
    /// Waiting for the first byte of the next request on a connection.
    public var keepAliveIdle: Duration = .seconds(75)
    /// From the first byte of a head to its last.
    public var headerTimeout: Duration = .seconds(60)
    /// Between two reads of a request's body.
    public var bodyIdleTimeout: Duration = .seconds(120)
    /// How long an upstream may be silent after the client closed its sending side.
    public var halfCloseGrace: Duration = .seconds(2)
    /// How long a connection that is being closed still takes what the client is sending.
    public var lingerTimeout: Duration = .seconds(5)

    public var upstreamConnectTimeout: Duration = .seconds(5)
    /// From the last byte of a request to the first of its response, for instances; `nil` waits for ever.
    public var instanceFirstByteTimeout: Duration? = .seconds(300)
    /// The same for services: a push may wait for a whole deploy.
    public var serviceFirstByteTimeout: Duration?
    /// Unused upstream connections are closed after this time. Below Node's 5 s, so that we close first.
    public var upstreamIdle: Duration = .seconds(4)
    /// A request that must not be sent twice only takes a connection that was used this recently.
    public var upstreamFreshness: Duration = .seconds(1)
    /// Unused connections kept for one upstream by one worker.
    public var upstreamIdleConnections = 128

    /// Bytes of a request line.
    public var maximumRequestLine = 16 * 1024
    /// Bytes of a request head.
    public var maximumHead = 64 * 1024
    public var maximumHeaderFields = 128
    /// Bytes that may wait in one direction of one connection before the other side is read no further; about this much
    /// again may be on its way in the same read.
    public var bufferedBytes = 1024 * 1024
    /// Larger static files are sent from the file system.
    public var maximumCachedFile = 256 * 1024

    /// How exact the time-outs are.
    public var timerResolution: Duration = .milliseconds(500)

    public init() {}
}
