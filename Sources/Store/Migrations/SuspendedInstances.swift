import GRDB

/// Instances that were stopped until there is room on the disk, and why.
enum SuspendedInstances {
    static func create(_ db: Database) throws {
        // A check of a column cannot be changed in place.
        try db.execute(
            sql: """
                CREATE TABLE newInstance (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    channelID TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
                    releaseID TEXT NOT NULL,
                    state TEXT NOT NULL
                        CHECK (state IN ('starting', 'live', 'draining', 'asleep', 'suspended', 'stopped')),
                    reason TEXT,
                    createdAt REAL NOT NULL
                ) STRICT;
                INSERT INTO newInstance (sequence, id, channelID, releaseID, state, createdAt)
                    SELECT sequence, id, channelID, releaseID, state, createdAt FROM instance;
                DROP TABLE instance;
                ALTER TABLE newInstance RENAME TO instance;
                CREATE INDEX instance_channelID ON instance (channelID, sequence);
                """)
    }
}
