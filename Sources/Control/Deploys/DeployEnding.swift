/// The last lines of every deploy's log (seed 000, `GET …/logs`): clients and people tell by them how it ended.
enum DeployEnding {
    private static let complete = "deploy complete"
    private static let failed = "deploy failed: "

    /// - Parameter url: the site's address.
    static func success(at url: String) -> [String] { [complete, url] }
    static func failure(_ reason: String) -> [String] { [failed + reason] }

    /// Whether a log has been ended. A line of the app's own that reads alike counts too: then there is no harm in not
    /// adding another.
    static func isIn(_ log: String) -> Bool {
        log.split(separator: "\n").reversed().contains { $0.hasSuffix("] \(complete)") || $0.contains("] \(failed)") }
    }
}
