import ArgumentParser
import Builder

/// `berthd template …`
struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Work on templates.",
        subcommands: [TemplateNewCommand.self, Check.self, TemplateTryCommand.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a template's folder: its manifest, and its example against the plan that it expects.")

        @Argument(help: "The template's folder.")
        var directory: String

        func run() async throws {
            let problems = TemplateCheck(directory: directory).problems()
            guard problems.isEmpty else {
                for problem in problems { print(problem) }
                throw ExitCode(1)
            }
            print("\(directory): no problems")
        }
    }
}
