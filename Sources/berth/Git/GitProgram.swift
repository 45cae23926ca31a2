import Foundation

/// Runs the user's git with an argument array.
enum GitProgram {
    /// The command's output without its last line end, `nil` when it ends with a failure.
    static func output(_ arguments: [String], in directory: String?) throws -> String? {
        let (status, output) = try execute(arguments, in: directory, showsErrors: false)
        guard status == 0 else { return nil }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// Throws when the command fails; git has said why by then.
    static func run(_ arguments: [String], in directory: String?) throws {
        let (status, _) = try execute(arguments, in: directory, showsErrors: true)
        guard status == 0 else { throw ClientError("git \(arguments[0]) failed") }
    }

    private static func execute(
        _ arguments: [String], in directory: String?, showsErrors: Bool
    ) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory, isDirectory: true) }
        let pipe = Pipe()
        process.standardOutput = pipe
        if !showsErrors { process.standardError = FileHandle.nullDevice }
        do {
            try process.run()
        } catch {
            throw ClientError("cannot run git: \(error.localizedDescription)")
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
