import Core
import GRDB

extension SQLiteDeployStore {
    public func page(
        app: ID<App>, channel: ID<Channel>?, before cursor: DeployPage.Cursor?, limit: Int
    ) async throws(PlatformError) -> DeployPage {
        let (column, id) = channel.map { ("channelID", $0.text) } ?? ("appID", app.text)
        // Deploys of a channel that is being deleted are not shown.
        let sql = """
            SELECT * FROM deploy WHERE \(column) = ? AND appID = ? AND sequence < ?
                AND channelID IN (SELECT id FROM channel WHERE appID = deploy.appID AND isDeleted = 0)
            ORDER BY sequence DESC LIMIT ?
            """
        let size = max(1, limit)
        return try await database.read { db in
            // One more than asked for tells whether there is a next page.
            let records = try DeployRecord.all(db, sql, [id, app.text, cursor ?? .max, size + 1])
            let shown = records.prefix(size)
            return DeployPage(
                deploys: shown.map(\.deploy), next: records.count > size ? shown.last?.sequence : nil)
        }
    }
}
