import Core
import Foundation

/// What `berthd template check` looks at: the manifest, and that the template's example comes to its expected plan.
public struct TemplateCheck {
    /// The folder with the example, in the template's.
    public static let exampleName = "example"
    /// The file with the plan that the example comes to.
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
            let plan = try examplePlan(manifest)
            if let data = FileManager.default.contents(atPath: path(Self.expectedPlanName)) {
                if (try? JSONDecoder().decode(BuildPlan.self, from: data)) != plan {
                    let text = try text(plan)
                    problems.append(problem(Self.expectedPlanName, "is not what example/ comes to, which is:\n\(text)"))
                }
            } else {
                let text = try text(plan)
                problems.append(problem(Self.expectedPlanName, "is missing; example/ comes to:\n\(text)"))
            }
            return problems
        } catch {
            return error.problems
        }
    }

    /// The content that `expected-plan.json` should have: the plan of `example/`. Blocks.
    public func examplePlan() throws(TemplateProblems) -> String {
        try text(examplePlan(TemplateCatalog.manifest(directory: directory)))
    }

    private func text(_ plan: BuildPlan) throws(TemplateProblems) -> String {
        do {
            return try plan.text()
        } catch {
            throw TemplateProblems(problems: [problem(Self.expectedPlanName, "cannot be made: \(error)")])
        }
    }

    private func examplePlan(_ manifest: TemplateManifest) throws(TemplateProblems) -> BuildPlan {
        do {
            let example = path(Self.exampleName)
            let top = try CommitView(directory: example, files: manifest.filesToRead + [AppManifest.fileName])
            let app = try top.contents[AppManifest.fileName].map { (bytes) throws(PlatformError) in
                try AppManifestParser.parse(bytes, log: DiscardingLog())
            }
            let view = try app?.root.map {
                try CommitView(directory: "\(example)/\($0)", files: manifest.filesToRead)
            }
            guard manifest.detect.matches(view ?? top) || manifest.detect == .init() else {
                throw PlatformError.invalid("detect does not fit it")
            }
            let resolver = try PlanResolver(
                manifest, view: view ?? top, top: view == nil ? nil : top, app: app ?? AppManifest())
            return try resolver.plan(below: FilesBelow(directory: example, names: resolver.namesBelow()))
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

/// Problems are told by the error.
private struct DiscardingLog: DeployLogSink {
    func write(_ line: String) {}
}
