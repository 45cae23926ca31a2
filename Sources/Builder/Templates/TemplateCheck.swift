import Core
import Foundation

/// What `berthd template check` looks at: the manifest, and that the template's example comes to its expected plan.
public struct TemplateCheck {
    public static let exampleName = "example"
    public static let expectedPlanName = "expected-plan.json"

    private let directory: String

    /// - Parameter directory: the template's folder.
    public init(directory: String) { self.directory = directory }

    /// Everything that is wrong; empty when the template can be installed. Blocks.
    public func problems() -> [TemplateProblem] {
        do throws(TemplateProblems) {
            let manifest = try TemplateCatalog.manifest(directory: directory)
            var problems: [TemplateProblem] = []
            if !FileManager.default.fileExists(atPath: path("README.md")) {
                problems.append(problem("README.md", "is missing: say what the template is for and what it runs"))
            }
            let plan = try exampleText(manifest)
            if let expected = FileManager.default.contents(atPath: path(Self.expectedPlanName)) {
                if String(decoding: expected, as: UTF8.self) != plan {
                    problems.append(problem(Self.expectedPlanName, "is not what example/ comes to, which is:\n\(plan)"))
                }
            } else {
                problems.append(problem(Self.expectedPlanName, "is missing; example/ comes to:\n\(plan)"))
            }
            return problems
        } catch {
            return error.problems
        }
    }

    /// The content that `expected-plan.json` should have: the plan of `example/`. Blocks.
    public func examplePlan() throws(TemplateProblems) -> String {
        try exampleText(TemplateCatalog.manifest(directory: directory))
    }

    private func exampleText(_ manifest: TemplateManifest) throws(TemplateProblems) -> String {
        do {
            let view = try CommitView(directory: path(Self.exampleName), files: manifest.referencedFiles)
            guard manifest.detect.matches(view.entries) || manifest.detect == .init() else {
                throw PlatformError.invalid("detect does not fit it")
            }
            return try PlanResolver.resolve(manifest, view: view).text()
        } catch {
            let message = (error as? PlatformError)?.message ?? "cannot be read"
            throw TemplateProblems(problems: [problem(Self.exampleName, message)])
        }
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }
    private func problem(_ name: String, _ message: String) -> TemplateProblem {
        TemplateProblem(file: path(name), message: message)
    }
}
