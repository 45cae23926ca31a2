import Core
import Logging
import Synchronization

/// What concerns the whole server: whether it is there, and that it is closed to tenants but for their own databases.
extension PostgresProvisioner {
    public func probe() async throws(PlatformError) {
        let target = try await TimeLimit.run(limits.probe) { () async throws(PlatformError) in
            let target = try await self.locate().0
            let version = try await self.readers.run(target) { (admin) throws(PostgresError) in
                try admin.execute("SHOW server_version_num").integer() ?? 0
            }
            try ServerVersion.check(version)
            return target
        }
        try await harden(target)
    }

    public func refresh(_ identities: [DatabaseIdentity]) async throws(PlatformError) {
        let target = try await locate().0
        var isLimited = true
        for (_, identities) in Dictionary(grouping: identities, by: \.database) {
            let names = try identities.map { (identity) throws(PlatformError) in try Names(identity) }
            let extensions = extensions
            let isDone = try await connections.run(target) { (admin) throws(PostgresError) in
                try Self.refresh(names, extensions: extensions, target, admin)
            }
            isLimited = isLimited && isDone
        }
        if !isLimited { warnOfTemporaryFiles() }
    }

    /// The channels of one database. False when a limit was refused.
    private static func refresh(
        _ channels: [Names], extensions: [ExtensionName], _ target: PostgresTarget,
        _ admin: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        guard let database = channels.first?.database else { return true }
        return try DatabaseLock.hold(database, admin) { () throws(PostgresError) in
            guard try RoleSetup.exists("pg_database WHERE datname = $1", database, admin) else { return true }
            var isLimited = true
            for names in channels where try RoleSetup.exists("pg_roles WHERE rolname = $1", names.role, admin) {
                isLimited = try RoleLimits.apply(names.role, admin) && isLimited
                try RoleSetup.allow(names, admin)
            }
            try admin.execute("REVOKE ALL ON DATABASE \(database) FROM PUBLIC")
            try DatabaseLimits.apply(database, admin)
            try RoleSetup.ensureExtensions(extensions, PostgresConnection(target.database(database)))
            return isLimited
        }
    }

    /// Takes from everybody the right to connect to databases that are not a user's. Once a process.
    func harden(_ target: PostgresTarget) async throws(PlatformError) {
        guard !isHardened.withLock({ $0 }) else { return }
        let open = try await connections.run(target) { (admin) throws(PostgresError) in
            // Two that change one database's rights at once make one of them fail.
            try DatabaseLock.hold(SQLIdentifier("template1"), admin) { () throws(PostgresError) in
                try ServerAccess.close(admin)
            }
        }
        isHardened.withLock { $0 = true }
        guard !open.isEmpty else { return }
        logger.warning(
            "apps may connect to databases that the Postgres administrator does not own; revoke CONNECT from PUBLIC",
            metadata: ["databases": "\(open.joined(separator: " "))"])
    }

    func warnOfTemporaryFiles() {
        let isFirst = isWarned.withLock { isWarned in
            defer { isWarned = true }
            return !isWarned
        }
        guard isFirst else { return }
        logger.warning(
            "temporary files of apps have no limit: only a superuser may set one, or GRANT SET ON PARAMETER temp_file_limit"
        )
    }
}

/// What versions of Postgres there are.
enum ServerVersion {
    /// The oldest one that has what is used here (`pg_terminate_backend` with a time).
    static let oldest = 14

    /// Throws `.databaseUnavailable` for a server that is too old. `number` is its `server_version_num`.
    static func check(_ number: Int) throws(PlatformError) {
        guard number / 10_000 >= oldest else {
            throw PlatformError(
                .databaseUnavailable,
                "the Postgres server has version \(number / 10_000); \(oldest) or later is needed")
        }
    }
}

/// Who may connect where.
enum ServerAccess {
    /// Takes from PUBLIC what rights it has on the databases that are not users': those of the administrator, those that
    /// every server has, and the one that the administrator connects to. Returns the names of those that stay open.
    static func close(_ admin: borrowing PostgresConnection) throws(PostgresError) -> [String] {
        // The server itself quotes the names, which are not ours.
        let result = try admin.execute(
            """
            SELECT datname, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname),
                   pg_get_userbyid(datdba) = current_user
                   OR datname IN ('postgres', 'template1', current_database()) AND pg_has_role(datdba, 'USAGE')
            FROM pg_database
            WHERE datallowconn AND datname !~ '^u_[0-9a-f]{32}$' AND (datacl IS NULL OR EXISTS (
                SELECT FROM aclexplode(datacl) WHERE grantee = 0 AND privilege_type = 'CONNECT'))
            ORDER BY datname
            """)
        var open: [String] = []
        for row in 0..<result.count {
            guard let name = result.text(row: row), let revoke = result.text(row: row, column: 1) else { continue }
            if result.text(row: row, column: 2) == "t" {
                try admin.execute(revoke)
            } else {
                open.append(name)
            }
        }
        return open
    }
}
