import ArgumentParser
import Foundation

/// Which app a command is about: `--app`, BERTH_APP, or the one that the remote `berth` of this repository points to.
struct AppOption: ParsableArguments {
    @Option(help: "The app; by default the one that this repository's remote `berth` points to.")
    var app: String?

    func name() throws -> String {
        if let name = app ?? ProcessInfo.processInfo.environment["BERTH_APP"] { return name }
        guard let url = try? WorkingCopy.current().remoteURL(), let location = RepositoryLocation(url) else {
            throw ClientError("which app? Name it with --app, or run `berth init` in its repository")
        }
        return location.app
    }
}

/// The parts of a repository's address: `http://git.localhost:8080/alice/my-site.git`.
struct RepositoryLocation: Hashable {
    let git: ServerAddress
    let user: String
    let app: String

    init?(_ url: String) {
        guard var components = URLComponents(string: url) else { return nil }
        let path = components.path.split(separator: "/")
        components.path = ""
        components.user = nil
        components.password = nil
        guard path.count == 2, path[1].hasSuffix(".git"), let base = components.string,
            let git = try? ServerAddress(base)
        else { return nil }
        self.git = git
        user = String(path[0])
        app = String(path[1].dropLast(".git".count))
    }
}
