import ArgumentParser

struct AppsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "apps", abstract: "List your apps.")

    func run() async throws {
        let login = try Login.current()
        let apps = try await APIClient.with(login) { api in try await api.apps() }
        if apps.isEmpty {
            print("No apps yet. `berth init` in a repository makes one.")
            return
        }
        var table = Table("APP", "TEMPLATE", "STATUS", "COMMIT", "ADDRESS")
        for app in apps {
            guard let prod = app.channels.first else { continue }
            table.add(
                app.name, app.template, prod.status, String(prod.currentSHA?.prefix(8) ?? "-"),
                login.server.site(prod.hostname))
        }
        print(table.text)
    }
}
