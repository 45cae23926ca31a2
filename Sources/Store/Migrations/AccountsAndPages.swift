import GRDB

/// What the lists of tokens, invites and deploys, and a user's figures, are read from.
enum AccountsAndPages {
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE token ADD COLUMN lastUsedAt REAL;

                CREATE TABLE invite (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
                    label TEXT,
                    createdBy TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
                    createdAt REAL NOT NULL,
                    expiresAt REAL NOT NULL,
                    usedAt REAL
                ) STRICT;
                CREATE INDEX invite_createdBy ON invite (createdBy);

                CREATE INDEX deploy_appID ON deploy (appID, sequence);
                CREATE INDEX deploy_createdAt ON deploy (appID, createdAt, status);
                """)
    }
}
