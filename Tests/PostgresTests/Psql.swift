import Core
import Foundation
import Testing

@testable import Postgres

extension TestCluster {
    /// What psql prints for `sql` when it connects as a channel's app does: by the URL that the app is given.
    /// Throws when psql fails.
    @discardableResult
    func shell(_ identity: DatabaseIdentity, _ sql: String, password: String = "secret") throws -> String {
        try psql(identity, ["-v", "ON_ERROR_STOP=1", "-c", sql], password: password)
    }

    /// As `shell`, with the statements of a file; those that fail are passed over, as psql does by itself.
    func shell(_ identity: DatabaseIdentity, file: String) throws -> String {
        try psql(identity, ["-f", file], password: "secret")
    }

    private func psql(_ identity: DatabaseIdentity, _ arguments: [String], password: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(PostgresPrograms.path(of: "psql")))
        process.arguments =
            ["-X", "-q", "-A", "-t"] + arguments + [try cluster.endpoint().url(identity, password: password)]
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
