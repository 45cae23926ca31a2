import ArgumentParser
import Foundation

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Keep a server's address and your token.",
        discussion: "The token is asked for, or read from standard input: it never stands in the argument list.")

    @Option(help: "The server's API, such as http://api.localhost:8080.")
    var server: String

    func run() async throws {
        let address = try ServerAddress(server)
        let token = try SecretPrompt.read("Token (xh_live_…): ").trimmingCharacters(in: .whitespacesAndNewlines)
        let login = Login(server: address, token: token, git: nil)
        let apps = try await APIClient.with(login) { api in try await api.apps() }
        let store = LoginStore()
        try store.save(
            Login(server: address, token: token, git: apps.first.flatMap { RepositoryLocation($0.repoURL)?.git }))
        print("Logged in to \(address.url), \(apps.count) app\(apps.count == 1 ? "" : "s"). Kept in \(store.path)")
    }
}
