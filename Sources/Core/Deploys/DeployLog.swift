import Foundation

/// Takes the lines of one deploy's log. Lines carry no time stamp and no line end; the log adds the stamp
/// (`[2026-04-22T10:31:00Z] text`, seed 000) and makes them harmless.
public protocol DeployLogSink: Sendable {
    func write(_ line: String)
    /// Lines that came at once.
    func write(contentsOf lines: [String])
}

extension DeployLogSink {
    public func write(contentsOf lines: [String]) {
        for line in lines { write(line) }
    }
}

/// Where the log files are. Text is already stamped and safe; it is appended as it comes.
public protocol DeployLogStore: Sendable {
    /// Appends text to the deploy's log, making it when there is none.
    func append(_ text: String, deploy: ID<Deploy>) throws(PlatformError)
    /// The log so far, `nil` when there is none.
    func read(_ deploy: ID<Deploy>) async throws(PlatformError) -> Data?
    /// Makes the log durable.
    func sync(_ deploy: ID<Deploy>) throws(PlatformError)
    func delete(_ deploys: [ID<Deploy>]) async
}
