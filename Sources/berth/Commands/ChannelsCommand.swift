import ArgumentParser

struct ChannelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels",
        abstract: "List, add and delete an app's channels.",
        subcommands: [List.self, Create.self, Delete.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the channels.")

        @OptionGroup var target: AppOption

        func run() async throws {
            let login = try Login.current()
            let name = try target.name()
            let app = try await APIClient.with(login) { api in try await api.app(named: name) }
            var table = Table("CHANNEL", "BINDING", "STATUS", "COMMIT", "ADDRESS")
            for channel in app.channels {
                table.add(
                    channel.name, channel.gitRefBinding, channel.status, String(channel.currentSHA?.prefix(8) ?? "-"),
                    login.server.site(channel.hostname))
            }
            print(table.text)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a channel.")

        @OptionGroup var target: AppOption
        @Argument(help: "The channel's name, such as staging.") var name: String
        @Option(help: "The branch that is deployed to it; * for every branch.") var branch: String

        func run() async throws {
            let login = try Login.current()
            let appName = try target.name()
            let request = CreateChannelRequest(name: name, gitRefBinding: "branch:\(branch)")
            let channel = try await APIClient.with(login) { api in
                let app = try await api.app(named: appName)
                return try await api.post("/apps/\(app.id)/channels", request, as: ChannelResponse.self)
            }
            print("Created \(channel.name) (\(channel.gitRefBinding)): \(login.server.site(channel.hostname))/")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a channel and its database schema.")

        @OptionGroup var target: AppOption
        @Argument(help: "The channel's name.") var name: String
        @Option(help: "The channel's name once more.") var confirm: String

        func validate() throws {
            guard confirm == name else { throw ValidationError("--confirm must repeat the channel's name") }
        }

        func run() async throws {
            let appName = try target.name()
            try await APIClient.with(try Login.current()) { api in
                let app = try await api.app(named: appName)
                try await api.delete("/apps/\(app.id)/channels/\(app.channel(named: name).id)")
            }
            print("Deleted \(name)")
        }
    }
}
