import GRDB

/// The first step: users to database records. Rows have a `sequence` where the order of creation matters. Times are
/// seconds since 1970, identifiers 36-character UUIDs, blobs named in a comment are sealed (`SecretBox`).
enum InitialSchema {
    static func create(_ db: Database) throws {
        for statement in [access, apps, channels, deploys, releases] { try db.execute(sql: statement) }
    }

    private static let access = """
        CREATE TABLE setting (
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE user (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL UNIQUE,
            isAdmin INTEGER NOT NULL CHECK (isAdmin IN (0, 1)),
            createdAt REAL NOT NULL
        ) STRICT;

        CREATE TABLE token (
            id TEXT NOT NULL PRIMARY KEY,
            userID TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            scopes TEXT NOT NULL,
            label TEXT,
            createdAt REAL NOT NULL,
            revokedAt REAL
        ) STRICT;
        CREATE INDEX token_userID ON token (userID);
        """

    private static let apps = """
        CREATE TABLE app (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            ownerID TEXT NOT NULL REFERENCES user (id),
            name TEXT NOT NULL,
            template TEXT NOT NULL,
            isDeleted INTEGER NOT NULL DEFAULT 0 CHECK (isDeleted IN (0, 1)),
            createdAt REAL NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX app_name ON app (ownerID, name) WHERE isDeleted = 0;

        -- value is sealed.
        CREATE TABLE environmentValue (
            appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (appID, name)
        ) STRICT, WITHOUT ROWID;
        """

    private static let channels = """
        CREATE TABLE channel (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 63),
            binding TEXT NOT NULL,
            account INTEGER NOT NULL UNIQUE CHECK (account BETWEEN 200000 AND 4294967293),
            currentReleaseID TEXT REFERENCES release (id) ON DELETE SET NULL,
            currentCommitID TEXT,
            isDeleted INTEGER NOT NULL DEFAULT 0 CHECK (isDeleted IN (0, 1)),
            createdAt REAL NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX channel_name ON channel (appID, name) WHERE isDeleted = 0;
        CREATE UNIQUE INDEX channel_label ON channel (label) WHERE isDeleted = 0;
        CREATE INDEX channel_appID ON channel (appID, sequence);
        CREATE INDEX channel_currentReleaseID ON channel (currentReleaseID);

        -- password is sealed.
        CREATE TABLE channelDatabase (
            channelID TEXT NOT NULL PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
            databaseName TEXT NOT NULL,
            schemaName TEXT NOT NULL UNIQUE,
            roleName TEXT NOT NULL UNIQUE,
            password BLOB NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('provisioning', 'ready', 'failed')),
            lastError TEXT
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE instance (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            channelID TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
            releaseID TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('starting', 'live', 'draining')),
            createdAt REAL NOT NULL
        ) STRICT;
        CREATE INDEX instance_channelID ON instance (channelID, sequence);
        """

    private static let deploys = """
        CREATE TABLE deploy (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
            channelID TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
            requested TEXT NOT NULL,
            ref TEXT,
            commitID TEXT,
            status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'success', 'failed')),
            failure TEXT,
            releaseID TEXT,
            attempts INTEGER NOT NULL,
            createdAt REAL NOT NULL,
            startedAt REAL,
            finishedAt REAL
        ) STRICT;
        CREATE INDEX deploy_channelID ON deploy (channelID, sequence);
        CREATE INDEX deploy_ref ON deploy (appID, ref, sequence);
        CREATE INDEX deploy_unfinished ON deploy (sequence) WHERE status IN ('queued', 'running');

        CREATE TABLE branchTip (
            appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
            ref TEXT NOT NULL,
            lastGood TEXT,
            failedCommit TEXT,
            PRIMARY KEY (appID, ref)
        ) STRICT, WITHOUT ROWID;
        """

    private static let releases = """
        -- environment is sealed; plan is JSON.
        CREATE TABLE release (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
            channelID TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
            deployID TEXT NOT NULL,
            commitID TEXT NOT NULL,
            plan TEXT NOT NULL,
            isPristine INTEGER NOT NULL CHECK (isPristine IN (0, 1)),
            environment BLOB NOT NULL,
            createdAt REAL NOT NULL
        ) STRICT;
        CREATE INDEX release_channelID ON release (channelID, sequence);
        CREATE INDEX release_appID ON release (appID);
        """
}
