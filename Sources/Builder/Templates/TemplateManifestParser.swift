import Core
import Yams

/// Reads `template.yaml`. Every key that the schema does not have is an error, so that a slip never passes quietly.
struct TemplateManifestParser {
    private let list: ProblemList

    /// - Parameter file: how the file is called in problems.
    static func parse(_ text: String, file: String) throws(TemplateProblems) -> TemplateManifest {
        let parser = TemplateManifestParser(list: ProblemList(file: file))
        let manifest = parser.root(text).flatMap { parser.manifest($0) }
        guard let manifest, parser.list.problems.isEmpty else {
            throw TemplateProblems(problems: parser.list.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
        }
        return manifest
    }

    private func root(_ text: String) -> YAMLMapping? {
        let node = YAMLRoot.read(text, list: list)
        guard list.problems.isEmpty else { return nil }
        guard let mapping = node?.mapping else {
            list.add("the file must be a mapping that begins with schema: \(TemplateManifest.schema)")
            return nil
        }
        // Before anything else: another version may have other keys.
        if let node = mapping["schema"], node.scalar?.string != String(TemplateManifest.schema) {
            list.add("this server reads schema \(TemplateManifest.schema)", at: node.mark)
            return nil
        }
        return YAMLMapping(
            mapping, path: "", known: ["schema", "name", "order", "description", "detect", "rootfs", "build", "run"],
            list: list)
    }

    private func manifest(_ top: YAMLMapping) -> TemplateManifest? {
        _ = top.required("schema")
        let name = top.required("name")
        if let name, !DNSLabel.isValid(name) {
            top.report("name must be 1 to \(DNSLabel.maximumLength) lowercase letters, digits and hyphens", at: "name")
        }
        let description = top.required("description")
        let run = run(top)
        let build = build(top, kind: run?.kind)
        let detect = DetectionParser(top: top).detection()
        guard let name, let description, let run else { return nil }
        return TemplateManifest(
            name: name, order: top.integer("order", in: 0...100_000) ?? 1000, description: description,
            detect: detect, build: build, run: run, packages: RootfsParser(top: top).packages())
    }

    private func globs(_ mapping: YAMLMapping, _ key: String) -> [Glob] {
        (mapping.texts(key) ?? []).map { Glob($0) }
    }

    private func run(_ top: YAMLMapping) -> TemplateManifest.Run? {
        guard
            let mapping = top.mapping(
                "run",
                known: [
                    "kind", "command", "commands", "missing", "requires", "port", "port-variable", "health-path",
                    "ready-seconds", "grace-seconds", "stop-signal", "environment", "readiness", "release",
                ])
        else {
            if !top.has("run") { top.report("run is missing") }
            return nil
        }
        guard let text = mapping.required("kind") else { return nil }
        guard let kind = RunPlan.Kind(rawValue: text) else {
            mapping.report("run.kind must be static, web or worker", at: "kind")
            return nil
        }
        var run = TemplateManifest.Run(kind: kind)
        checkUse(mapping, kind)
        if kind != .static {
            run.commands = RunCommandParser(mapping: mapping).commands()
            run.release = RunCommandParser(mapping: mapping).release()
            run.readiness = readiness(mapping, kind)
            if let text = mapping.text("stop-signal") {
                run.stopSignal = RunPlan.StopSignal(rawValue: text)
                if run.stopSignal == nil {
                    let names = RunPlan.StopSignal.allCases.map(\.rawValue).joined(separator: ", ")
                    mapping.report("run.stop-signal must be one of \(names)", at: "stop-signal")
                }
            }
        }
        run.missing = mapping.text("missing")
        run.requires = mapping.texts("requires") ?? []
        run.port = mapping.integer("port", in: 1024...65535) ?? run.port
        run.portVariable = mapping.text("port-variable") ?? run.portVariable
        run.healthPath = mapping.text("health-path") ?? run.healthPath
        if !RunPlan.isHealthPath(run.healthPath) {
            mapping.report("run.health-path must begin with / and be printable ASCII", at: "health-path")
        }
        run.readySeconds = mapping.integer("ready-seconds", in: RunPlan.readyRange) ?? run.readySeconds
        run.graceSeconds = mapping.integer("grace-seconds", in: RunPlan.graceRange) ?? run.graceSeconds
        run.environment = mapping.table("environment") ?? [:]
        return run
    }

    /// Keys that this kind of app has no use for.
    private func checkUse(_ mapping: YAMLMapping, _ kind: RunPlan.Kind) {
        let webOnly = ["port", "port-variable", "health-path"]
        let processOnly = ["command", "commands", "readiness", "release", "stop-signal"]
        if kind != .web {
            for key in webOnly where mapping.has(key) { mapping.report("run.\(key) is only for kind: web", at: key) }
        }
        guard kind == .static else { return }
        for key in processOnly where mapping.has(key) {
            mapping.report("run.\(key) is only for kind: web and worker", at: key)
        }
    }

    private func readiness(_ mapping: YAMLMapping, _ kind: RunPlan.Kind) -> RunPlan.Readiness? {
        guard let text = mapping.text("readiness") else { return nil }
        let readiness = RunPlan.Readiness(rawValue: text)
        if readiness?.fits(kind) != true {
            let rule = kind == .web ? "http, tcp or file" : "up or file, for kind: worker"
            mapping.report("run.readiness must be \(rule)", at: "readiness")
        }
        return readiness
    }

    private func build(_ top: YAMLMapping, kind: RunPlan.Kind?) -> TemplateManifest.Build {
        var build = TemplateManifest.Build()
        let mapping = top.mapping(
            "build",
            known: [
                "steps", "versions", "environment", "install-script", "time-limit", "output", "publish", "caches",
                "network",
            ])
        build.environment = mapping?.table("environment") ?? [:]
        build.installScript = mapping?.text("install-script")
        if let script = build.installScript, script.utf8.contains(UInt8(ascii: "/")) || script.hasPrefix("-") {
            mapping?.report("build.install-script must be the name of a file in the root", at: "install-script")
        }
        build.caches = mapping.map { CacheParser(mapping: $0).caches() } ?? []
        build.hasNetwork = mapping.flatMap { NetworkSwitch.read($0) } ?? true
        build.timeLimit = mapping?.integer("time-limit", in: 1...86_400) ?? build.timeLimit
        build.steps = (mapping?.mappings("steps", known: StepParser.keys) ?? []).compactMap {
            StepParser(mapping: $0).step()
        }
        build.versions = (mapping?.mappings("versions", known: ["program", "file", "field"]) ?? []).compactMap {
            guard let program = $0.required("program"), let file = $0.required("file") else { return nil }
            return .init(program: program, file: file, field: $0.texts("field"))
        }
        if kind == .static {
            build.site = mapping.map { site($0) } ?? SitePlan()
        } else if kind != nil {
            for key in ["output", "publish"] where mapping?.has(key) == true {
                mapping?.report("build.\(key) is only for kind: static", at: key)
            }
        }
        return build
    }

    private func site(_ build: YAMLMapping) -> SitePlan {
        var site = SitePlan()
        if let output = build.mapping("output", known: ["candidates", "marker"]) {
            site.candidates = output.texts("candidates") ?? site.candidates
            site.marker = output.text("marker") ?? site.marker
        }
        for candidate in site.candidates {
            let parts = candidate.split(separator: "/", omittingEmptySubsequences: false)
            if candidate != ".", parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
                build.report("build.output.candidates: \"\(candidate)\" must be . or a folder inside", at: "output")
            }
        }
        if let publish = build.mapping("publish", known: ["exclude", "except"]) {
            site.exclude = globs(publish, "exclude")
            site.except = globs(publish, "except")
        }
        return site
    }
}
