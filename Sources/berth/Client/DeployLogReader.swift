/// What the end of a deploy's log says about the deploy.
enum DeployOutcome: Sendable, Hashable {
    case success
    /// With the reason that the log gives.
    case failure(String)
}

/// Reads a deploy's log that grows: hands out what is new and knows when it is at its end. Pure; the polling is the
/// caller's.
struct DeployLogReader: Sendable {
    private static let failed = "deploy failed: "

    private var printed = 0
    private(set) var outcome: DeployOutcome?

    /// Takes the whole log as it stands now, returns the complete lines that were not returned before.
    mutating func take(_ log: String) -> [Substring] {
        let lines = log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let new = lines.dropFirst(printed)
        printed = lines.count
        outcome = lines.last.flatMap { Self.outcome(Self.text($0)) }
        return Array(new)
    }

    /// Only the server ends a log with these words: what an app prints alike has a mark in front.
    private static func outcome(_ last: Substring) -> DeployOutcome? {
        if last.hasPrefix(failed) { return .failure(String(last.dropFirst(failed.count))) }
        return last == "deploy complete" ? .success : nil
    }

    /// The line without its time stamp, `[2026-04-22T10:31:00Z] `.
    private static func text(_ line: Substring) -> Substring {
        guard line.first == "[", let end = line.firstRange(of: "] ") else { return line }
        return line[end.upperBound...]
    }
}
