import ArgumentParser

/// The command-line client of a Berth server.
@main
struct Berth: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berth",
        abstract: "Deploys what you push: the client of a Berth server.",
        discussion: """
            Start with `berth login`, then `berth init` in a repository, then `git push berth`.
            BERTH_SERVER and BERTH_TOKEN take the place of a login, for example in CI.
            """,
        version: "0.1.0",
        subcommands: [
            LoginCommand.self, InitCommand.self, AppsCommand.self, ChannelsCommand.self, DeployCommand.self,
            LogsCommand.self, EnvCommand.self, DestroyCommand.self, GitCredentialCommand.self,
        ])
}
