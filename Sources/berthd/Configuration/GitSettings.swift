import Configuration
import Git
import GitServer

/// The git server's limits that an operator may change: `git-push-mib: 4096`, `BERTH_GIT_PUSH_MIB=4096`. What is not set
/// stays as the types have it.
struct GitSettings: Sendable {
    private struct Limit {
        let key: String
        let apply: @Sendable (Int, inout GitServerConfiguration, inout ReceiveLimits) -> Void
    }

    private static let limits: [Limit] = [
        Limit(key: "git-push-mib") { value, server, pack in
            server.pushBytes = value << 20
            pack.packBytes = value << 20
        },
        Limit(key: "git-repository-mib") { value, server, _ in server.repositoryBytes = value << 20 },
        Limit(key: "git-user-mib") { value, server, _ in server.userBytes = value << 20 },
        Limit(key: "git-object-mib") { value, _, pack in pack.objectBytes = value << 20 },
        Limit(key: "git-push-objects") { value, _, pack in pack.objects = value },
        Limit(key: "git-delta-depth") { value, _, pack in pack.deltaDepth = value },
        Limit(key: "git-push-refs") { value, server, _ in server.pushCommands = value },
        Limit(key: "git-ref-name-bytes") { value, server, _ in server.refNameBytes = value },
        Limit(key: "git-push-seconds") { value, server, _ in server.body.time = .seconds(value) },
        Limit(key: "git-idle-seconds") { value, server, _ in server.body.idle = .seconds(value) },
        Limit(key: "git-confirmation-seconds") { value, server, _ in server.confirmation = .seconds(value) },
        Limit(key: "git-index-seconds") { value, _, pack in pack.indexSeconds = value },
        Limit(key: "git-requests-per-user") { value, server, _ in server.requestsPerUser = value },
        Limit(key: "git-requests") { value, server, _ in server.requests = value },
    ]

    private let values: [String: Int]

    /// Throws `ConfigurationMistake`.
    init(_ reader: ConfigReader) throws {
        var values: [String: Int] = [:]
        for limit in Self.limits {
            let key = limit.key
            guard reader.string(forKey: ConfigKey(key)) != nil || reader.int(forKey: ConfigKey(key)) != nil else {
                continue
            }
            guard let value = reader.int(forKey: ConfigKey(key)), (1...(1 << 30)).contains(value) else {
                throw ConfigurationMistake(key, "must be a whole number, at least 1")
            }
            values[key] = value
        }
        self.values = values
    }

    func apply(to server: inout GitServerConfiguration, _ pack: inout ReceiveLimits) {
        for limit in Self.limits {
            if let value = values[limit.key] { limit.apply(value, &server, &pack) }
        }
    }
}
