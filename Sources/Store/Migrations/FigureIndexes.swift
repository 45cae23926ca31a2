import GRDB

/// A user's deploys are counted from an index that has all that is asked for, without a look at the rows.
enum FigureIndexes {
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                DROP INDEX deploy_createdAt;
                CREATE INDEX deploy_createdAt ON deploy (appID, createdAt, status, channelID);
                CREATE INDEX channel_deleted ON channel (id) WHERE isDeleted = 1;
                """)
    }
}
