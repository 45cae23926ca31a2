import ArgumentParser

/// The server's program.
struct Berthd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berthd",
        abstract: "A self-hosted deploy server: git push, and the commit is live.",
        version: BerthVersion.text,
        subcommands: [
            ServeCommand.self, UserCommand.self, TokenCommand.self, TemplateCommand.self, DoctorCommand.self,
            DownCommand.self, IndexPackCommand.self, GarbageCollectionCommand.self, RotateKeyCommand.self,
            DiskCommand.self,
        ])
}

/// What this build calls itself.
enum BerthVersion {
    static let text = "0.1.0"
}
