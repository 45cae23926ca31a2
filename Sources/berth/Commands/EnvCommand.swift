import ArgumentParser

struct EnvCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Set and delete the app's environment variables.",
        discussion: "They take effect with the next deploy.",
        subcommands: [Set.self, Unset.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set variables.",
            discussion: """
                KEY=VALUE stands in the argument list, where other users of this machine may see it. For a secret give \
                KEY alone: its value is asked for, or read from standard input.
                """)

        @OptionGroup var target: AppOption
        @Argument(help: "KEY=VALUE, or KEY for a value that is asked for.") var assignments: [String]

        func run() async throws {
            let name = try target.name()
            let variables = try assignments.map { assignment in
                guard let equals = assignment.firstIndex(of: "=") else {
                    return SetVariableRequest(key: assignment, value: try SecretPrompt.read("\(assignment): "))
                }
                return SetVariableRequest(
                    key: String(assignment[..<equals]), value: String(assignment[assignment.index(after: equals)...]))
            }
            try await APIClient.with(try Login.current()) { api in
                let app = try await api.app(named: name)
                for variable in variables { try await api.postNoContent("/apps/\(app.id)/env", variable) }
            }
            print("Set \(variables.map(\.key).joined(separator: ", ")); deploy to let it take effect")
        }
    }

    struct Unset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete variables.")

        @OptionGroup var target: AppOption
        @Argument(help: "Names of variables.") var keys: [String]

        func validate() throws {
            for key in keys where !key.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) {
                throw ValidationError("\(key) is not the name of a variable")
            }
        }

        func run() async throws {
            let name = try target.name()
            try await APIClient.with(try Login.current()) { api in
                let app = try await api.app(named: name)
                for key in keys { try await api.delete("/apps/\(app.id)/env/\(key)") }
            }
            print("Deleted \(keys.joined(separator: ", ")); deploy to let it take effect")
        }
    }
}
