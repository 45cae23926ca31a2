import Core
import NIOCore

/// How the router listens, what it allows and how long it waits.
public struct RouterConfiguration: Sendable {
    /// IP address to listen on.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 8080
    /// Listens for TLS as well.
    public var secure: SecureListener?
    /// The plain port sends clients to https, except those that ask by address.
    public var redirectsToHTTPS = false
    /// Connections begin with a PROXY protocol header, version 1 or 2; those of others than `trustedProxies`, when there are
    /// any, are closed.
    public var usesProxyProtocol = false
    /// Peers whose `X-Forwarded-*` and `Forwarded` are believed and passed on.
    public var trustedProxies: [AddressBlock] = []
    /// Services beside this server.
    public var routes: [OperatorRoute] = []
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
    /// How long an upstream may be silent after the client closed its sending side: it may have gone altogether, which
    /// looks the same.
    public var halfCloseGrace: Duration = .seconds(30)
    /// How long a client that sends no more, and so may have gone, keeps its place while its request is held.
    public var heldCloseGrace: Duration = .seconds(5)
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
    public var upstreamIdleConnections = 512

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

    /// `max-age` of `Strict-Transport-Security` on every answer over TLS; `nil` leaves the header to the apps.
    public var strictTransportSeconds: Int?

    /// Bytes of a request's body; `nil` for any.
    public var maximumBody: Int?
    /// From the first byte of a request to the last of its response; `nil` for ever.
    public var requestTimeout: Duration?
    /// Without a byte in either direction, a WebSocket is closed; `nil` for ever.
    public var webSocketIdle: Duration? = .seconds(3600)
    /// Between two reads of a response's body; `nil` for ever, as long polls and event streams need.
    public var responseIdleTimeout: Duration?
    /// A client that takes nothing of what waits for it is cut after this time.
    public var slowReaderTimeout: Duration = .seconds(120)
    /// Open connections of one client address; loopback and trusted proxies are not counted.
    public var maximumConnectionsPerAddress = 2048
    /// Open requests of one instance.
    public var maximumRequestsPerUpstream = 8192

    /// A file that gets a line for each request, `-` for standard output; `nil` for none.
    public var accessLog: String?

    /// Where services leave bodies that the router is to send.
    public var handedBodies: HandedBodies?

    /// What a service would answer to `GET path` with this `Authorization`: the body, JSON with the status 200; `nil` when
    /// it has to be asked. Called on event loops: it must not wait.
    public var knownAnswer: (@Sendable (_ service: String, _ path: String, _ credential: String) -> ByteBuffer?)?

    /// How long a request waits for an app that is woken.
    public var holdTimeout: Duration = .seconds(60)
    /// How long a request waits for an app that is being replaced by one that must not run beside it. Whoever replaces it
    /// ends the wait, well or badly; this is for the case that it never does.
    public var switchTimeout: Duration = .seconds(300)
    /// Requests that wait so at one hostname.
    public var maximumHeldPerHost = 1024
    /// Requests that wait so at all hostnames.
    public var maximumHeld = 8192
    /// How exact the time-outs are.
    public var timerResolution: Duration = .milliseconds(500)

    /// How often the names of the operator's upstreams are looked up.
    var resolveInterval: Duration = .seconds(60)
    /// HTTP/2 without TLS, for clients that begin with its preface.
    var acceptsPlainHTTP2 = false
    /// Loopback counts as any other address.
    var countsLoopback = false
    /// Finds the address of another server that a site answers from. Blocks.
    var resolveOrigin: @Sendable (_ host: String, _ port: Int) throws -> SocketAddress = { host, port in
        try PublicAddresses.resolve(host, port: port)
    }
    /// What those servers' certificates are checked with, PEM files; empty for the system's.
    var originRoots: [String] = []

    public init() {}

    /// Where TLS is spoken, and with what.
    public struct SecureListener: Sendable {
        /// IP address.
        public var host: String
        public var port: Int
        /// Folder of `NAME.crt` and `NAME.key` files.
        public var certificates: String
        /// How often the files are looked at.
        public var reloadInterval: Duration = .seconds(10)

        public init(host: String, port: Int, certificates: String) {
            self.host = host
            self.port = port
            self.certificates = certificates
        }
    }
}
