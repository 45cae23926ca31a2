import Core

/// Makes a plan out of a template, a commit, and what the app says of itself. Pure: the same input gives the same plan.
struct PlanResolver {
    /// The name of the step that is run once before a new version starts.
    static let releaseStep = "release"

    private let manifest: TemplateManifest
    private let app: AppManifest
    /// The folder that the app is in.
    private let root: RootView
    /// The repository's root, when that is another folder.
    private let top: RootView?

    /// - Parameters:
    ///   - view: the folder that the app is in.
    ///   - top: the repository's root, when that is another folder.
    /// Throws `.buildFailed` when a file that the template reads is not valid.
    init(
        _ manifest: TemplateManifest, view: CommitView, top: CommitView? = nil, app: AppManifest = AppManifest()
    ) throws(PlatformError) {
        self.manifest = manifest
        self.app = app
        root = try RootView(view, for: manifest)
        var topView: RootView?
        if let top { topView = try RootView(top, for: manifest) }
        self.top = topView
    }

    /// The plan of a repository whose folders below are not known.
    static func resolve(
        _ manifest: TemplateManifest, view: CommitView, top: CommitView? = nil, app: AppManifest = AppManifest()
    ) throws(PlatformError) -> BuildPlan {
        try PlanResolver(manifest, view: view, top: top, app: app).plan()
    }

    /// Names of the files in folders below that `plan` has a use for; mostly none.
    func namesBelow() throws(PlatformError) -> Set<String> {
        var names: Set<String> = []
        for (step, view) in try chosen() {
            if let below = step.reuse?.below, try view.isMet(below.when, top: top) { names.insert(below.file) }
        }
        return names
    }

    /// Throws `.buildFailed` when the repository lacks what the template needs.
    /// - Parameter below: the files of `namesBelow`; without them what is made for their folders is made each time.
    func plan(below: FilesBelow? = nil) throws(PlatformError) -> BuildPlan {
        let run = manifest.run
        let isStatic = run.kind == .static
        try checkUse(isStatic: isStatic)
        var site = manifest.build.site
        if let output = app.output {
            site?.candidates = [output]
            site?.origin = app.place("output")
        }
        let steps = try steps(below)
        return BuildPlan(
            template: manifest.name, steps: steps, packages: manifest.packages, requires: run.requires,
            versions: versions(),
            caches: steps.isEmpty ? nil : caches(), directory: app.root, site: site,
            run: RunPlan(
                kind: app.kind ?? run.kind, command: isStatic ? [] : try command(), portVariable: run.portVariable,
                port: run.port,
                healthPath: app.healthPath ?? run.healthPath, readySeconds: app.readySeconds ?? run.readySeconds,
                graceSeconds: run.graceSeconds, environment: environment(run.environment),
                readiness: try readiness(run), directory: app.root, limits: app.limits,
                strategy: app.volumes == nil ? app.strategy : .stopFirst, sleepSeconds: app.sleepSeconds,
                stopSignal: run.stopSignal, volumes: app.volumes))
    }

    private func readiness(_ run: TemplateManifest.Run) throws(PlatformError) -> RunPlan.Readiness? {
        let kind = app.kind ?? run.kind
        if let own = app.readiness {
            guard own.fits(kind) else {
                let rule = "\(own.rawValue) is \(kind == .worker ? "not " : "")for kind: worker"
                throw PlatformError(.buildFailed, "\(app.place("health.check")): \(rule)")
            }
            return own
        }
        if let own = run.readiness, own.fits(kind) { return own }
        return kind == .worker ? .up : nil
    }

    /// A value that the template has no use for is a mistake of whoever wrote it down.
    private func checkUse(isStatic: Bool) throws(PlatformError) {
        let ofProcesses: [(key: String, isThere: Bool)] = [
            ("start", app.start != nil), ("kind", app.kind != nil), ("strategy", app.strategy != nil),
            ("volumes", app.volumes != nil), ("limits", app.limits != nil),
            ("health", app.healthPath != nil || app.readiness != nil || app.readySeconds != nil),
        ]
        if isStatic, let useless = ofProcesses.first(where: { $0.isThere }) {
            throw PlatformError(
                .buildFailed, "\(app.place(useless.key)): nothing is started by the template \(manifest.name)")
        }
        if app.sleepSeconds != nil, (app.kind ?? manifest.run.kind) != .web {
            throw PlatformError(
                .buildFailed,
                "\(app.place("sleep-after")): only a process that answers requests can sleep, and the template "
                    + "\(manifest.name) starts none")
        }
        if !isStatic, app.output != nil {
            throw PlatformError(
                .buildFailed, "\(app.place("output")): the template \(manifest.name) publishes no files")
        }
    }

    /// What the app's folder says, else the repository's root.
    private func versions() -> [VersionWish]? {
        let wishes = manifest.build.versions.compactMap { source -> VersionWish? in
            let own = root.version(source)
            guard let wanted = own ?? top?.version(source) else { return nil }
            let folder = own == nil ? "" : app.root.map { "\($0)/" } ?? ""
            let field = source.field.map { " (\($0.joined(separator: ".")))" } ?? ""
            return VersionWish(program: source.program, place: folder + source.file + field, wanted: wanted)
        }
        return wishes.isEmpty ? nil : wishes
    }

    private func caches() -> [CachePlan]? {
        let caches = manifest.build.caches.map { cache in
            CachePlan(
                name: cache.name, key: root.digest(of: cache.files, in: top), bytes: cache.bytes)
        }
        return caches.isEmpty ? nil : caches
    }

    // MARK: - Steps

    /// The template's steps for this repository, each with the folder that it runs in.
    private func chosen() throws(PlatformError) -> [(step: TemplateManifest.Step, view: RootView)] {
        var chosen: [(step: TemplateManifest.Step, view: RootView)] = []
        for step in manifest.build.steps where step.isDependency || app.build == nil {
            guard let view = step.isAtTop ? top : root, try view.isMet(step.when, top: top) else { continue }
            chosen.append((step, view))
        }
        return chosen
    }

    /// `nil` when the step makes more than is kept, or what it makes is not known.
    private func reuse(
        _ step: TemplateManifest.Step, in view: RootView, _ files: FilesBelow?
    ) throws(PlatformError) -> BuildStep.Reuse? {
        guard let reuse = step.reuse else { return nil }
        if !reuse.unless.isEmpty, try view.isMet(StepCondition(any: reuse.unless), top: top) { return nil }
        let inputs = view.digest(of: reuse.files)
        guard let below = reuse.below, try view.isMet(below.when, top: top) else {
            return .init(folders: reuse.folders, inputs: inputs, programs: reuse.programs)
        }
        let folder = step.isAtTop ? nil : app.root
        guard let packages = files?.packages(below.file, below: folder, skipping: reuse.folders),
            packages.values.allSatisfy({ below.isKept($0) })
        else { return nil }
        return .init(
            folders: reuse.folders, inputs: FilesBelow.digest(inputs, packages), programs: reuse.programs,
            below: packages.isEmpty ? nil : packages.keys.sorted())
    }

    private func steps(_ files: FilesBelow?) throws(PlatformError) -> [BuildStep] {
        var steps: [BuildStep] = []
        for (step, view) in try chosen() {
            steps.append(
                BuildStep(
                    name: step.name, arguments: step.command, environment: environment(manifest.build.environment),
                    requires: step.requires, timeLimit: step.timeLimit ?? manifest.build.timeLimit, note: step.note,
                    directory: step.isAtTop ? nil : app.root,
                    isOffline: step.hasNetwork ?? manifest.build.hasNetwork ? nil : true,
                    reuse: try reuse(step, in: view, files)))
        }
        for line in app.build ?? [] {
            var step = self.step("build", RootView.shell(line))
            if !manifest.build.hasNetwork { step.isOffline = true }
            steps.append(step)
        }
        if let script = manifest.build.installScript, root.has(script) {
            steps.append(step(script, ["/bin/sh", script]))
        }
        if let release = try release() { steps.append(step(Self.releaseStep, release)) }
        return steps
    }

    private func step(_ name: String, _ arguments: [String]) -> BuildStep {
        BuildStep(
            name: name, arguments: arguments, environment: environment(manifest.build.environment), requires: [],
            timeLimit: manifest.build.timeLimit, note: nil, directory: app.root)
    }

    private func release() throws(PlatformError) -> [String]? {
        if let release = app.release { return RootView.shell(release) }
        return try first(of: manifest.run.release)
    }

    /// `${APP}` in a template's variables is the folder that the app is in, as its processes see it.
    private func environment(_ values: [String: String]) -> [String: String] {
        values.mapValues { $0.replacing("${APP}", with: app.root.map { "/app/\($0)" } ?? "/app") }
    }

    // MARK: - Start

    private func command() throws(PlatformError) -> [String] {
        if let start = app.start { return RootView.shell(start) }
        guard let command = try first(of: manifest.run.commands) else {
            throw PlatformError(.buildFailed, manifest.run.missing ?? "there is nothing to start in this repository")
        }
        return command
    }

    private func first(of commands: [TemplateManifest.Command]) throws(PlatformError) -> [String]? {
        for command in commands { if let arguments = try root.arguments(command, top: top) { return arguments } }
        return nil
    }
}
