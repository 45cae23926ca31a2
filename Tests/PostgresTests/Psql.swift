import Core
import Foundation
import Testing

@testable import Postgres

extension TestCluster {
    /// What psql prints for `sql` when it connects as a channel's app does: by the URL that the app is given.
    /// Throws when psql fails.
    @discardableResult
    func shell(_ identity: DatabaseIdentity, _ sql: String, password: String = "secret") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(PostgresPrograms.path(of: "psql")))
        process.arguments = [
            "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
            try cluster.endpoint().url(identity, password: password),
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw PsqlFailure(output: text) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

struct PsqlFailure: Error { let output: String }
