import GRDB

/// The SQLite that this program is linked with.
public enum StoreLibrary {
    /// `3.40.1`; `unknown` when it does not say.
    public static var version: String {
        let queue = try? DatabaseQueue()
        return (try? queue?.read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }) ?? "unknown"
    }
}
