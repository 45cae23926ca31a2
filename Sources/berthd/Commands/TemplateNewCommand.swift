import ArgumentParser
import Builder

/// `berthd template new`
struct TemplateNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make the folder of a new template: small, commented, with an example that builds and boots.")

    @Argument(help: "The template's name: lowercase letters, digits and hyphens. The folder gets it, too.")
    var name: String

    @Option(name: .customLong("in"), help: "The folder to make it in.")
    var folder = "."

    func run() async throws {
        do {
            let skeleton = try TemplateSkeleton(name: name, in: folder)
            for file in try skeleton.write() { print("wrote \(skeleton.directory)/\(file)") }
            print(
                """
                Next:
                  berthd template check \(skeleton.directory)
                  berthd template try \(skeleton.directory) \(skeleton.directory)/\(TemplateCheck.exampleName)
                """)
        } catch {
            throw CommandFailure(error)
        }
    }
}
