import GRDB

/// What the server did by itself.
enum Events {
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE event (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    appID TEXT REFERENCES app (id) ON DELETE CASCADE,
                    channelID TEXT,
                    kind TEXT NOT NULL,
                    text TEXT NOT NULL,
                    createdAt REAL NOT NULL
                ) STRICT;
                CREATE INDEX event_appID ON event (appID, sequence);
                """)
    }
}
