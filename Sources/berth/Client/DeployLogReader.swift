/// What the end of a deploy's log says about the deploy.
enum DeployOutcome: Sendable, Hashable {
    case success
    /// With the reason that the log gives.
    case failure(String)
}

/// Reads a deploy's log that grows: hands out what is new and knows when it is at its end. Pure; the polling is the
/// caller's.
struct DeployLogReader: Sendable {
    /// The site's hostname: the line after `deploy complete` names it.
    let hostname: String
    private var printed = 0
    private(set) var outcome: DeployOutcome?

    init(hostname: String) { self.hostname = hostname }

    /// Takes the whole log as it stands now, returns the complete lines that were not returned before.
    mutating func take(_ log: String) -> [Substring] {
        let lines = log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let new = lines.dropFirst(printed)
        printed = lines.count
        outcome = outcome(lines.suffix(2).map(Self.text))
        return Array(new)
    }

    /// Output of the app may spell the platform's words too, so only the last lines count: `deploy failed: reason`,
    /// or `deploy complete` and the site's address.
    private func outcome(_ tail: [Substring]) -> DeployOutcome? {
        guard let last = tail.last else { return nil }
        if last.hasPrefix("deploy failed: ") { return .failure(String(last.dropFirst("deploy failed: ".count))) }
        if tail.first == "deploy complete", last.contains("://\(hostname)") { return .success }
        return nil
    }

    /// The line without its time stamp, `[2026-04-22T10:31:00Z] `.
    private static func text(_ line: Substring) -> Substring {
        guard line.first == "[", let end = line.firstIndex(of: "]") else { return line }
        return line[line.index(after: end)...].drop { $0 == " " }
    }
}
