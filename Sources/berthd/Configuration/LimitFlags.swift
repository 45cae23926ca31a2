import ArgumentParser

/// The router's limits and time-outs as flags.
struct LimitFlags: ParsableArguments {
    @Option(help: "MiB that a request's body may have; 0 for any. (default: 0)")
    var maxBody: Int?

    @Option(help: "Seconds that a whole request may take; 0 for any. (default: 0)")
    var requestSeconds: Int?

    @Option(help: "Seconds for the head of a request and for a TLS handshake. (default: 60)")
    var headerSeconds: Int?

    @Option(help: "Seconds between two reads of a request's body. (default: 120)")
    var bodyIdleSeconds: Int?

    @Option(help: "Seconds that an idle connection is kept. (default: 75)")
    var keepAliveSeconds: Int?

    @Option(help: "Seconds for a connection to an app. (default: 5)")
    var connectSeconds: Int?

    @Option(help: "Seconds for an app's first byte; 0 for any. (default: 300)")
    var firstByteSeconds: Int?

    @Option(help: "Seconds between two reads of an app's answer; 0 for any. (default: 0)")
    var responseIdleSeconds: Int?

    @Option(
        name: .customLong("websocket-idle-seconds"),
        help: "Seconds of silence on a WebSocket; 0 for any. (default: 3600)")
    var webSocketIdleSeconds: Int?

    @Option(help: "Seconds in which a client must take some of what waits for it. (default: 120)")
    var slowReaderSeconds: Int?

    @Option(help: "Seconds of silence of an app whose client sends no more. (default: 30)")
    var halfCloseSeconds: Int?

    @Option(help: "Open connections of one IPv4 address or IPv6 /64. (default: 2048)")
    var maxConnectionsPerAddress: Int?

    @Option(help: "Open requests of one app. (default: 8192)")
    var maxRequestsPerApp: Int?

    @Option(help: "File that gets a line for each request, - for standard output. (default: none)")
    var accessLog: String?

    var values: [String: String] {
        let numbers = [
            "max-body": maxBody, "request-seconds": requestSeconds, "header-seconds": headerSeconds,
            "body-idle-seconds": bodyIdleSeconds, "keep-alive-seconds": keepAliveSeconds,
            "connect-seconds": connectSeconds, "first-byte-seconds": firstByteSeconds,
            "response-idle-seconds": responseIdleSeconds, "websocket-idle-seconds": webSocketIdleSeconds,
            "slow-reader-seconds": slowReaderSeconds, "half-close-seconds": halfCloseSeconds,
            "max-connections-per-address": maxConnectionsPerAddress, "max-requests-per-app": maxRequestsPerApp,
        ]
        var values = numbers.compactMapValues { $0.map { String($0) } }
        values["access-log"] = accessLog
        return values
    }
}
