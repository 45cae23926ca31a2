import Core

/// Makes a plan out of a template and a commit. Pure: the same input gives the same plan.
struct PlanResolver {
    private let manifest: TemplateManifest
    private let view: CommitView
    private let documents: [String: JSONValue]

    /// Throws `.buildFailed` when the repository lacks what the template needs, or a file that it reads is not valid.
    static func resolve(_ manifest: TemplateManifest, view: CommitView) throws(PlatformError) -> BuildPlan {
        try PlanResolver(manifest: manifest, view: view).plan()
    }

    private init(manifest: TemplateManifest, view: CommitView) throws(PlatformError) {
        self.manifest = manifest
        self.view = view
        var documents: [String: JSONValue] = [:]
        for file in manifest.referencedFiles where view.has(file) {
            guard let content = view.contents[file] else {
                let limit = CommitView.fileLimit >> 20
                throw PlatformError(.buildFailed, "\(file) must be a regular file of at most \(limit) MiB")
            }
            do throws(JSONError) {
                documents[file] = try JSONParser.parse(content)
            } catch {
                throw PlatformError(.buildFailed, "\(file) is not valid JSON: \(error)")
            }
        }
        self.documents = documents
    }

    private func plan() throws(PlatformError) -> BuildPlan {
        let build = manifest.build
        var steps = build.steps.filter { isMet($0.when) }.map { step in
            BuildStep(
                name: step.name, arguments: step.command, environment: build.environment, requires: step.requires,
                timeLimit: step.timeLimit ?? build.timeLimit, note: step.note)
        }
        if let script = build.installScript, view.has(script) {
            steps.append(
                BuildStep(
                    name: script, arguments: ["/bin/sh", script], environment: build.environment, requires: [],
                    timeLimit: build.timeLimit, note: nil))
        }
        let run = manifest.run
        let runPlan = RunPlan(
            kind: run.kind, command: try command(), portVariable: run.portVariable, port: run.port,
            healthPath: run.healthPath, readySeconds: run.readySeconds, graceSeconds: run.graceSeconds,
            environment: run.environment)
        return BuildPlan(template: manifest.name, steps: steps, requires: run.requires, site: build.site, run: runPlan)
    }

    private func isMet(_ condition: StepCondition) -> Bool {
        condition.all.allSatisfy(isTrue) && (condition.any.isEmpty || condition.any.contains(where: isTrue))
            && !condition.none.contains(where: isTrue)
    }

    private func isTrue(_ test: StepCondition.Test) -> Bool {
        switch test {
        case .files(let globs):
            view.entries.contains { entry in globs.contains { $0.matches(entry) } }
        case .entries(let file, let keys, let except):
            keys.contains { key in documents[file]?.member(key)?.hasEntry(except: except) ?? false }
        }
    }

    /// The first way to start that fits.
    private func command() throws(PlatformError) -> [String] {
        guard manifest.run.kind != .static else { return [] }
        for candidate in manifest.run.commands {
            switch candidate {
            case .arguments(let arguments, let file):
                if file.map({ view.has($0) }) ?? true { return arguments }
            case .argument(let field, let arguments):
                if let text = try text(field) { return arguments + [text] }
            case .shell(let field):
                // bash puts a single command in its own place, so that signals reach the app; dash stays in between.
                if let text = try text(field) { return ["/bin/bash", "-c", text] }
            }
        }
        throw PlatformError(.buildFailed, manifest.run.missing ?? "there is nothing to start in this repository")
    }

    /// `nil` when the file, the field or its text is not there.
    private func text(_ field: JSONField) throws(PlatformError) -> String? {
        guard var value = documents[field.file] else { return nil }
        for (index, key) in field.path.enumerated() {
            guard case .object = value else {
                let place = field.path[..<index].joined(separator: ".")
                let what = place.isEmpty ? "its content" : place
                throw PlatformError(.buildFailed, "\(field.file): \(what) must be an object")
            }
            guard let next = value.member(key), next != .null else { return nil }
            value = next
        }
        guard case .string(let text) = value, !text.utf8.contains(0) else {
            throw PlatformError(
                .buildFailed, "\(field.file): \(field.path.joined(separator: ".")) must be a text")
        }
        let isBlank = text.allSatisfy(\.isWhitespace)
        return isBlank ? nil : text
    }
}
