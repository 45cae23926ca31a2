import ArgumentParser
import Git

/// `berthd index-pack`, which the server starts for large pushes. Takes its order from standard input; `Main` runs it.
struct IndexPackCommand: ParsableCommand {
    static let name = "index-pack"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Read a pushed pack for the server.", shouldDisplay: false)

    func run() throws {
        throw CleanExit.message("index-pack is run by the server; it must be the first argument")
    }
}
