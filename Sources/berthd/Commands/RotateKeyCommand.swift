import ArgumentParser
import Foundation
import Store

/// `berthd rotate-key`
struct RotateKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Make a new key for the secrets at rest and seal them all with it. The server must not run.",
        discussion: """
            Variables, their snapshots and database passwords are sealed with secrets/store.key. A backup that was made \
            before is opened by the old key only: keep that with it.
            """)

    @OptionGroup var data: DataFlags

    func run() async throws {
        do {
            let settings = try await Settings.read(flags: data.values, file: data.configurationFile)
            let folder = DataFolder(root: settings.data)
            guard FileManager.default.fileExists(atPath: folder.database) else {
                throw ConfigurationMistake("data", "there is no installation in \(folder.root)")
            }
            try folder.prepare()
            let lock = try DataLock(folder)
            defer { withExtendedLifetime(lock) {} }
            let count = try await SQLiteDatabase.rotateKey(dataDirectory: folder.root)
            print("\(count) secrets are sealed with a new key")
        } catch {
            throw CommandFailure(error)
        }
    }
}
