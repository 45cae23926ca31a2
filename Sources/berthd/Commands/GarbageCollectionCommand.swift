import ArgumentParser
import Blocking
import Foundation
import Git

/// `berthd gc`
struct GarbageCollectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Put each repository's objects into one pack, and drop what no ref has reached for two weeks.",
        discussion: """
            The server does this by itself; this does it now. While a server runs it is the server that does it, and its log \
            says when it is done. Needs no git program.
            """)

    @OptionGroup var data: DataFlags

    func run() async throws {
        do {
            let settings = try await Settings.read(flags: data.values, file: data.configurationFile)
            let folder = DataFolder(root: settings.data)
            guard FileManager.default.fileExists(atPath: folder.root) else {
                throw ConfigurationMistake("data", "there is no folder \(folder.root)")
            }
            if let server = DataLock.holder(folder) {
                guard kill(server, SIGUSR1) == 0 else {
                    throw ConfigurationMistake("data", "the server (process \(server)) cannot be told")
                }
                return print("the running server (process \(server)) has begun; its log says when it is done")
            }
            let lock = try DataLock(folder)
            defer { withExtendedLifetime(lock) {} }
            let store = try RepositoryStore(
                configuration: RepositoryConfiguration(root: folder.repositories),
                pool: BlockingPool(label: "git", width: 2))
            for app in await store.apps() {
                let report = try await store.maintain(app, .full)
                print(
                    "\(app): \(report.consolidatedPacks) packs and \(report.packedObjects) loose objects put together, "
                        + "\(report.droppedObjects) objects dropped, \(report.packedReferences) refs packed, "
                        + "\(report.removedPacks) old packs removed")
            }
        } catch {
            throw CommandFailure(error)
        }
    }
}
