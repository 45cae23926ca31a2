/// The settings and access rules of a cluster of ours. Settings go on the command line, where neither `ALTER SYSTEM` nor a
/// file of an older version can change them.
enum ClusterSettings {
    static let superuser = "berth"
    static let loopback = "127.0.0.1"

    /// Arguments of `postgres`. `root` is the cluster's folder as the program sees it, `version` the major version.
    static func arguments(
        root: String, version: Int, port: Int, addresses: [String], maximumConnections: Int
    ) -> [String] {
        var settings: [(String, String)] = [
            ("hba_file", "\(root)/\(ClusterLayout.accessRules)"),
            ("listen_addresses", addresses.joined(separator: ",")),
            ("port", String(port)),
            // Their paths may be longer than a socket's address can be.
            ("unix_socket_directories", ""),
            ("max_connections", String(maximumConnections)),
            // The administrator gets in although the tenants have taken every connection.
            ("superuser_reserved_connections", "20"),
            ("authentication_timeout", "10s"),
            ("password_encryption", "scram-sha-256"),
            ("ssl", "off"),
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            // A small machine with many small databases; no replicas.
            ("shared_buffers", "32MB"),
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("max_logical_replication_workers", "0"),
            ("max_wal_size", "512MB"),
            ("autovacuum_max_workers", "2"),
            ("jit", "off"),
            ("restart_after_crash", "on"),
            // Statements hold tenants' data: none of them goes to the log.
            ("log_destination", "stderr"),
            ("logging_collector", "off"),
            ("log_min_messages", "warning"),
            ("log_min_error_statement", "panic"),
            ("log_statement", "none"),
            ("log_line_prefix", "%m [%p] %u@%d "),
            ("log_timezone", "UTC"),
            ("timezone", "UTC"),
        ]
        // One call instead of one for each of many small files, before recovery begins.
        if version >= 14 { settings.append(("recovery_init_sync_method", "syncfs")) }
        return ["-D", "\(root)/\(ClusterLayout.data)"] + settings.flatMap { ["-c", "\($0.0)=\($0.1)"] }
    }

    /// `pg_hba.conf`: the superuser from this machine only, roles from this machine and from containers, nobody else.
    static func accessRules(subnets: [String]) -> String {
        let networks = ["127.0.0.1/32"] + subnets
        let rules =
            ["host all \(superuser) 127.0.0.1/32 scram-sha-256", "host all \(superuser) all reject"]
            + networks.map { "host all all \($0) scram-sha-256" }
            + ["host replication all all reject", "host all all all reject", "local all all reject"]
        return rules.joined(separator: "\n") + "\n"
    }
}
