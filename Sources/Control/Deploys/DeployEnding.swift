/// The last line of every deploy's log (seed 000, `GET …/logs`): clients and people tell by it how the deploy ended.
enum DeployEnding {
    private static let complete = "deploy complete"
    private static let failed = "deploy failed: "

    static let success = [complete]
    static func failure(_ reason: String) -> [String] { [failed + reason] }

    /// Whether a line reads like an ending. What an app prints is never let through like that: only the platform ends a
    /// deploy.
    static func isSpelled(by text: String) -> Bool { text == complete || text.hasPrefix(failed) }

    /// Whether a log has been ended.
    static func isIn(_ log: String) -> Bool {
        guard let last = log.split(separator: "\n").last, let stamp = last.firstRange(of: "] ") else { return false }
        return isSpelled(by: String(last[stamp.upperBound...]))
    }
}
