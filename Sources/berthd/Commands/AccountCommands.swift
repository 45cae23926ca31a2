import ArgumentParser
import Control
import Core
import Foundation
import Store

/// `berthd user …`
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Manage users.", subcommands: [Add.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user and print a first token, once. Works beside a running server.")

        @Argument(help: "Lowercase letters, digits and hyphens, at most 40.")
        var name: String

        @Flag(help: "May do the operator's work over the API.")
        var admin = false

        @OptionGroup var data: DataFlags

        func run() async throws {
            try await withAccounts(data) { accounts throws(PlatformError) in
                let (_, token) = try await accounts.users.add(name: name, isAdmin: admin)
                print(token.plaintext)
            }
        }
    }
}

/// `berthd token …`
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Manage tokens.", subcommands: [Add.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token for a user and print it, once. Works beside a running server.")

        @Argument(help: "Whose token it is.")
        var user: String

        @Option(help: "What it is for, such as ci.")
        var label: String?

        @Option(help: "Comma-separated: repo:*, deploy:*, channel:*. (default: all of them)")
        var scopes: String?

        @OptionGroup var data: DataFlags

        func run() async throws {
            try await withAccounts(data) { accounts throws(PlatformError) in
                let chosen = try scopes.map { (text) throws(PlatformError) in try Scope.list(text) }
                let owner = try await accounts.users.user(named: user)
                let token = try await accounts.tokens.issue(
                    to: owner, label: label, scopes: chosen ?? Scope.standard)
                print(token.plaintext)
            }
        }
    }
}

/// What the commands about people need of an installation.
struct Accounts: Sendable {
    let users: UserService
    let tokens: TokenService
}

/// Opens the installation's store for a command. Faults end the program with one line and exit status 1.
private func withAccounts(
    _ flags: DataFlags, _ body: (Accounts) async throws(PlatformError) -> Void
) async throws {
    do {
        let settings = try await Settings.read(flags: flags.values, file: flags.configurationFile)
        let folder = DataFolder(root: settings.data)
        try folder.prepare()
        let database = try await SQLiteDatabase.open(dataDirectory: folder.root)
        let tokens = TokenService(tokens: SQLiteTokenStore(database), now: { Date() })
        try await body(
            Accounts(
                users: UserService(users: SQLiteUserStore(database), tokens: tokens, now: { Date() }), tokens: tokens))
    } catch {
        throw CommandFailure(error)
    }
}
