import Core

/// Limits and names of the git server. Each limit has its message; what a pack may hold is `ReceiveLimits`'.
public struct GitServerConfiguration: Sendable {
    /// Bytes of one push, as sent and as inflated.
    public var pushBytes = 2 << 30
    /// Bytes of a repository's objects on disk.
    public var repositoryBytes = 4 << 30
    /// Bytes of the objects of all of a user's repositories.
    public var userBytes = 20 << 30
    /// How often it is asked, while a push comes in or a pack is sent, whether its token is still good.
    public var confirmation: Duration = .seconds(5)
    /// Bytes of one fetch request, as sent and as inflated.
    public var fetchRequestBytes = 10 << 20
    /// How many bytes one byte of a compressed request may come to, beyond the first mebibyte.
    public var inflationRatio = 100
    /// Objects asked for by one fetch request.
    public var fetchWants = 100_000
    /// Commits named as known by one fetch request.
    public var fetchHaves = 100_000
    /// Time that the work for one fetch request may take: finding out what is to be sent, and making the pack.
    public var fetchTime: Duration = .seconds(600)
    /// Commands of one push.
    public var pushCommands = 20_000
    /// Bytes of a push's commands and options.
    public var commandBytes = 8 << 20
    /// Bytes of a ref's name; git's own bound is the file system's.
    public var refNameBytes = 1024
    /// Options of one push.
    public var pushOptions = 100
    /// Bytes of all options of one push.
    public var pushOptionBytes = 64 << 10
    /// Bytes of one pack that is sent.
    public var sentPackBytes = 8 << 30
    /// How slowly a request's body may come.
    public var body = BodyLimits()
    /// Requests of one user at once, all repositories together.
    public var requestsPerUser = 64
    /// Requests at once.
    public var requests = 512
    /// How often an address may present wrong credentials.
    public var guesses = GuessLimits()
    /// Memory for lists of refs that were sent and may be asked for again, all repositories together.
    public var answerCacheBytes = 32 << 20
    /// Time without output after which an empty packet is sent, so that nobody on the way gives the connection up.
    public var keepalive: Duration = .seconds(5)
    /// Where bodies are left for the router in front; `nil` when there is none that takes them.
    public var handedBodies: HandedBodies?
    /// What clients are told as `agent`: `berth/<version>`.
    public var agent: String
    /// What a browser or an old client is told as realm.
    public var realm = "Berth"

    public init(version: String) {
        let known = version.utf8.filter { (0x21...0x7e).contains($0) }
        agent = "berth/" + String(decoding: known, as: UTF8.self)
    }

    var fetchLimits: FetchLimits { FetchLimits(wants: fetchWants, haves: fetchHaves, time: fetchTime) }
}

/// How slowly a request's body may come, and how much of one that nobody needs is read. Only time that is spent waiting
/// for the client counts for `idle` and `bytesPerSecond`.
public struct BodyLimits: Sendable, Hashable {
    /// Without a single byte.
    public var idle: Duration = .seconds(60)
    /// On average, once the client has been waited for longer than `idle`.
    public var bytesPerSecond = 512
    /// For the whole body.
    public var time: Duration = .seconds(7200)
    /// Bytes of a body that are read on after a refusal, so that the client comes to read it; then the connection is closed.
    public var unreadBytes = 1 << 20
    /// The same for the time.
    public var unreadTime: Duration = .seconds(5)

    public init() {}
}

/// How wrong credentials are slowed down. What counts is the address; a success does not make up for failures.
public struct GuessLimits: Sendable, Hashable {
    /// Failures that cost nothing.
    public var free = 10
    /// What the next one costs; each further one costs twice as much.
    public var delay: Duration = .milliseconds(500)
    public var maximumDelay: Duration = .seconds(60)
    /// After this long without another failure an address is forgotten.
    public var memory: Duration = .seconds(900)
    /// Addresses that are remembered.
    public var addresses = 10_000

    public init() {}
}
