import GRDB

/// Deploys that a push has written down and whose refs have not moved yet.
enum HeldDeploys {
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE heldDeploy (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    appID TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
                    channelID TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
                    requested TEXT NOT NULL,
                    ref TEXT,
                    commitID TEXT,
                    createdAt REAL NOT NULL
                ) STRICT;
                CREATE INDEX heldDeploy_appID ON heldDeploy (appID);
                CREATE INDEX heldDeploy_channelID ON heldDeploy (channelID);
                """)
    }
}
