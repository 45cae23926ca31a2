import ArgumentParser

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy a commit that the server has, and follow it to its end.",
        discussion: "Exits with 0 when the deploy succeeded and with 1 when it failed.")

    @OptionGroup var target: AppOption
    @Option(help: "The channel.") var channel = "prod"
    @Argument(help: "A commit (40 hex digits), a branch, or HEAD: the tip of the channel's branch.") var sha = "HEAD"

    func run() async throws {
        let login = try Login.current()
        let name = try target.name()
        let outcome = try await APIClient.with(login) { api in
            let app = try await api.app(named: name)
            let channel = try app.channel(named: channel)
            let deploy: DeployResponse = try await api.post(
                "/apps/\(app.id)/channels/\(channel.id)/deploy", DeployRequest(sha: sha))
            return try await DeployFollower(api: api, app: app, channel: channel)
                .follow(deploy.deployID, untilEnd: true)
        }
        if case .failure = outcome { throw ExitCode.failure }
    }
}
