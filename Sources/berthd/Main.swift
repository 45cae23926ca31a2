import ArgumentParser
import Dispatch
import Foundation
import Git

/// Where the program begins.
@main
enum Main {
    static func main() {
        // Before anything that starts threads: what the process gives up, it gives up in all of them.
        if CommandLine.arguments.dropFirst().first == IndexPackCommand.name { exit(IndexProcess.run()) }
        SpareMemory.shareHeaps()
        Task {
            await Berthd.main()
            exit(0)
        }
        dispatchMain()
    }
}
