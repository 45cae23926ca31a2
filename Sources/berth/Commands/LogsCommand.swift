import ArgumentParser

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Show the log of a deploy.")

    @OptionGroup var target: AppOption
    @Option(help: "The channel.") var channel = "prod"
    @Option(help: "The deploy's id; by default the last one of the channel.") var deploy: String?
    @Flag(name: [.short, .long], help: "Follow the log until the deploy has ended.") var follow = false

    func run() async throws {
        let name = try target.name()
        try await APIClient.with(try Login.current()) { api in
            let app = try await api.app(named: name)
            let channel = try app.channel(named: channel)
            let latest: String?
            if let deploy { latest = deploy } else { latest = try await api.latestDeploy(of: channel) }
            guard let latest else { throw ClientError("\(channel.name) was never deployed") }
            _ = try await DeployFollower(api: api, app: app, channel: channel).follow(latest, untilEnd: follow)
        }
    }
}
