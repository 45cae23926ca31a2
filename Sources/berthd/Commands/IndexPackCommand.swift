import ArgumentParser
import Git

/// `berthd index-pack`, which the server starts for large pushes. Takes its order from standard input.
struct IndexPackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index-pack", abstract: "Read a pushed pack for the server.", shouldDisplay: false)

    func run() throws {
        throw ExitCode(IndexProcess.run())
    }
}
