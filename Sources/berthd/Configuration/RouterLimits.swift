import Configuration
import Router

/// The router's limits and time-outs that an operator may set. What is not set stays as the router has it; 0 takes a limit
/// away where there can be none.
struct RouterLimits: Sendable {
    /// A limit by its setting's name, and where it goes.
    private struct Limit: Sendable {
        let name: ConfigKey
        let allowed: ClosedRange<Int>
        let apply: @Sendable (Int, inout RouterConfiguration) -> Void

        init(
            _ name: ConfigKey, _ allowed: ClosedRange<Int>,
            _ apply: @escaping @Sendable (Int, inout RouterConfiguration) -> Void
        ) {
            self.name = name
            self.allowed = allowed
            self.apply = apply
        }
    }

    private static let day = 86_400
    private static let limits = [
        Limit("max-body", 0...1 << 30) { $1.maximumBody = $0 == 0 ? nil : $0 << 20 },
        Limit("request-seconds", 0...day) { $1.requestTimeout = optional($0) },
        Limit("header-seconds", 1...day) { $1.headerTimeout = .seconds($0) },
        Limit("body-idle-seconds", 1...day) { $1.bodyIdleTimeout = .seconds($0) },
        Limit("keep-alive-seconds", 1...day) { $1.keepAliveIdle = .seconds($0) },
        Limit("connect-seconds", 1...day) { $1.upstreamConnectTimeout = .seconds($0) },
        Limit("first-byte-seconds", 0...day) { $1.instanceFirstByteTimeout = optional($0) },
        Limit("response-idle-seconds", 0...day) { $1.responseIdleTimeout = optional($0) },
        Limit("websocket-idle-seconds", 0...day) { $1.webSocketIdle = optional($0) },
        Limit("slow-reader-seconds", 1...day) { $1.slowReaderTimeout = .seconds($0) },
        Limit("half-close-seconds", 1...day) { $1.halfCloseGrace = .seconds($0) },
        Limit("max-connections-per-address", 1...1_000_000) { $1.maximumConnectionsPerAddress = $0 },
        Limit("max-requests-per-app", 1...1_000_000) { $1.maximumRequestsPerUpstream = $0 },
    ]

    private var chosen: [(limit: Limit, value: Int)] = []

    /// Throws `ConfigurationMistake`.
    init(_ reader: ConfigReader) throws {
        for limit in Self.limits {
            guard let value = reader.int(forKey: limit.name) else { continue }
            guard limit.allowed.contains(value) else {
                throw ConfigurationMistake(
                    "\(limit.name)", "must be \(limit.allowed.lowerBound) to \(limit.allowed.upperBound)")
            }
            chosen.append((limit, value))
        }
    }

    func apply(to configuration: inout RouterConfiguration) {
        for (limit, value) in chosen { limit.apply(value, &configuration) }
    }

    private static func optional(_ seconds: Int) -> Duration? { seconds == 0 ? nil : .seconds(seconds) }
}
