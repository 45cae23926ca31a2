import ArgumentParser

struct DestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Delete an app: its repository, releases, variables and databases.")

    @OptionGroup var target: AppOption
    @Option(help: "The app's name once more.") var confirm: String

    func run() async throws {
        let name = try target.name()
        guard confirm == name else {
            throw ClientError("this would delete \(name), but --confirm says \(confirm); nothing was done")
        }
        try await APIClient.with(try Login.current()) { api in
            try await api.delete("/apps/\(api.app(named: name).id)")
        }
        print("Deleted \(name)")
    }
}
