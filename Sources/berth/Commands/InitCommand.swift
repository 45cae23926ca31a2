import ArgumentParser
import Foundation

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make an app of this repository.",
        discussion: """
            Creates the app on the server and adds the git remote `berth`. The remote's address holds no token: git asks \
            this program for it.
            """)

    @Argument(help: "The app's name; by default the folder's.")
    var name: String?

    @Option(help: "The template, such as static or node; by default node when there is a package.json, else static.")
    var template: String?

    func run() async throws {
        var login = try Login.current()
        let copy = try WorkingCopy.current()
        if let url = try copy.remoteURL() { throw ClientError("this repository has a remote `berth` already: \(url)") }

        let request = CreateAppRequest(
            name: name ?? copy.folderName.lowercased(),
            template: template ?? (copy.has("package.json") ? "node" : "static"))
        let app = try await APIClient.with(login) { api in try await api.post("/apps", request, as: AppResponse.self) }

        guard let location = RepositoryLocation(app.repoURL) else {
            throw ClientError("the server named a repository that this client does not understand: \(app.repoURL)")
        }
        try copy.addRemote(app.repoURL)
        try copy.useCredentialHelper(for: location.git, user: location.user)
        login.git = location.git
        let store = LoginStore()
        if var kept = try store.load(), kept.server == login.server {
            kept.git = location.git
            try store.save(kept)
        }

        print("Created \(app.name) (\(app.template)) with the remote `\(WorkingCopy.remote)` -> \(app.repoURL)")
        print("Deploy it with: git push \(WorkingCopy.remote) \(try copy.branch() ?? "HEAD:master")")
        if let prod = app.channels.first { print("It will be at \(login.server.site(prod.hostname))/") }
    }
}
