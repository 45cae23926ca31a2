import ArgumentParser
import Foundation

/// What git runs to learn the token (gitcredentials(7), "Custom Helpers"): attributes as `key=value` lines on standard
/// input, the answer the same way on standard output.
struct GitCredentialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git-credential", abstract: "Answer git's question for a token.", shouldDisplay: false)

    @Argument var operation: String

    func run() throws {
        // `store` and `erase` change nothing: `berth login` keeps the token.
        guard operation == "get" else { return }
        var asked: [String: String] = [:]
        while let line = readLine(strippingNewline: true), !line.isEmpty {
            guard let equals = line.firstIndex(of: "=") else { continue }
            asked[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        let login = try Login.current()
        // The token goes to the server that it belongs to, and nowhere else.
        guard let git = login.gitAddress, asked["protocol"] == git.scheme, asked["host"]?.lowercased() == git.authority
        else {
            return
        }
        if let user = asked["username"] { print("username=\(user)") }
        print("password=\(login.token)")
    }
}
