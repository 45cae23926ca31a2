import Blocking
import Core
import Glibc
import Logging

/// Makes releases: lays a commit out, runs its template's steps and `install.sh` in containers, and describes what is
/// published. A release's folder is complete or not there.
public struct ReleaseBuilder: SourceBuilder {
    let configuration: BuilderConfiguration
    let repository: any SourceRepository
    private let runner: any ContainerTaskRunner
    let catalog: TemplateCatalog
    let rootfs: (any RootfsProvider)?
    let pool: BlockingPool
    let logger: Logger
    let layout: ReleaseLayout
    private let versions = InstalledVersions()

    public init(
        configuration: BuilderConfiguration, repository: any SourceRepository, runner: any ContainerTaskRunner,
        catalog: TemplateCatalog, rootfs: (any RootfsProvider)? = nil, pool: BlockingPool, logger: Logger
    ) {
        self.configuration = configuration
        self.repository = repository
        self.runner = runner
        self.catalog = catalog
        self.rootfs = rootfs
        self.pool = pool
        self.logger = logger
        layout = ReleaseLayout(releases: configuration.releases)
        do throws(FileError) {
            try cache.sweep()
            try dependencies.sweep()
        } catch {
            logger.warning("caches of ended builds not removed", metadata: ["error": "\(error)"])
        }
    }

    public var templateNames: [String] { catalog.names }

    public func filesDirectory(of release: ID<Release>) -> String { layout.files(release) }

    public func build(
        _ request: BuildRequest, log: any DeployLogSink
    ) async throws(PlatformError) -> BuildResult {
        let clock = ContinuousClock()
        let start = clock.now
        let plan: BuildPlan
        let surroundings: Surroundings
        do throws(PlatformError) {
            plan = try await self.plan(request, log: log)
            surroundings = try await self.surroundings(plan, log: log)
            try checkPrograms(plan, root: surroundings.root)
        } catch {
            log.write(error.message)
            throw error
        }
        do throws(PlatformError) {
            let result = try await make(request, plan: plan, in: surroundings, log: log)
            try StepRunner.checkCancellation()
            log.write("build finished in \(StepRunner.seconds(clock.now - start))")
            logger.debug("release built", metadata: metadata(request))
            return result
        } catch {
            await remove(request.release)
            throw error
        }
    }

    public func site(of release: ID<Release>) async throws(PlatformError) -> StaticSite {
        guard let manifest = try await manifest(of: release) else { throw .notFound("the release's site") }
        return layout.site(release, manifest)
    }

    public func remove(_ release: ID<Release>) async {
        let layout = layout
        do {
            try await pool.run { () throws(PlatformError) in
                do {
                    let folder = layout.folder(release)
                    let manifest = try? SiteManifest.read(folder)
                    try FolderRemoval.remove(folder)
                    guard let app = manifest?.shared else { return }
                    try SharedContent(releases: layout.releases, app: app).collect()
                } catch {
                    throw .ofFiles("the release's folder could not be removed", error)
                }
            }
        } catch {
            logger.error(
                "release folder not removed", metadata: ["release": "\(release)", "error": "\(error)"])
        }
    }

    public func forget(_ app: ID<App>) async {
        let (dependencies, cache) = (dependencies, cache)
        let content = SharedContent(releases: layout.releases, app: app)
        do {
            try await pool.run { () throws(FileError) in
                try dependencies.remove(app)
                try cache.remove(app)
                try FolderRemoval.remove(content.folder)
            }
        } catch {
            logger.error("dependencies not removed", metadata: ["app": "\(app)", "error": "\(error)"])
        }
    }

    private func metadata(_ request: BuildRequest) -> Logger.Metadata {
        ["app": "\(request.app.id)", "deploy": "\(request.deploy)", "release": "\(request.release)"]
    }
}

extension ReleaseBuilder {
    // MARK: - The plan

    func plan(_ request: BuildRequest, log: any DeployLogSink) async throws(PlatformError) -> BuildPlan {
        guard let manifest = catalog[request.app.template] else {
            throw PlatformError(
                .buildFailed,
                "the template \"\(request.app.template)\" is not installed; there are: "
                    + catalog.names.joined(separator: ", "))
        }
        let commit = try await view("", of: request, files: manifest.filesToRead + [AppManifest.fileName])
        guard let commit else { throw PlatformError(.buildFailed, "the commit has no files") }
        let app = try await pool.run { () throws(PlatformError) in try appManifest(commit, log: log) }
        if let caps = configuration.instanceCaps, let excess = app.limits?.excess(over: caps) {
            throw PlatformError(.buildFailed, "\(app.place(excess.key)) \(excess.problem)")
        }
        var view = commit
        if let root = app.root {
            guard let found = try await self.view(root, of: request, files: manifest.filesToRead) else {
                throw PlatformError(
                    .buildFailed, "\(app.place("root")): there is no folder \(root) in the repository")
            }
            view = found
        }
        if !manifest.detect.matches(view),
            let seen = try await self.view(app.root ?? "", of: request, files: catalog.filesToDetect),
            let other = catalog.detect(seen), other.name != manifest.name
        {
            log.write("note: this looks like a \(other.name) app; it is built with the template \(manifest.name)")
        }
        let (root, top) = (view, app.root == nil ? nil : commit)
        // Parsing a large lock file takes a while.
        let (resolver, names) = try await pool.run { () throws(PlatformError) -> (PlanResolver, Set<String>) in
            let resolver = try PlanResolver(manifest, view: root, top: top, app: app)
            return (resolver, try resolver.namesBelow())
        }
        let below = try await filesBelow(names, of: request)
        return try await pool.run { () throws(PlatformError) in try resolver.plan(below: below) }
    }

    /// `nil` when the commit has no such folder.
    private func view(
        _ folder: String, of request: BuildRequest, files: [String]
    ) async throws(PlatformError) -> CommitView? {
        guard
            let entries = try await repository.entries(of: folder, commit: request.commit, app: request.app.id)
        else { return nil }
        var contents: [String: [UInt8]] = [:]
        for file in files where entries.contains(file) {
            contents[file] = try await repository.file(
                folder.isEmpty ? file : "\(folder)/\(file)", commit: request.commit, app: request.app.id,
                limit: CommitView.fileLimit)
        }
        return CommitView(entries: entries, contents: contents)
    }

    private func appManifest(_ commit: CommitView, log: any DeployLogSink) throws(PlatformError) -> AppManifest {
        guard commit.has(AppManifest.fileName) else { return AppManifest() }
        guard let bytes = commit.contents[AppManifest.fileName], bytes.count <= AppManifest.fileLimit else {
            throw PlatformError(
                .buildFailed,
                "\(AppManifest.fileName) must be a regular file of at most \(AppManifest.fileLimit >> 10) KiB")
        }
        return try AppManifestParser.parse(bytes, log: log)
    }

    private func checkPrograms(_ plan: BuildPlan, root: String) throws(PlatformError) {
        let needs =
            plan.steps.flatMap { step in step.requires.map { ($0, step.name) } }
            + plan.requires.map { ($0, "the start of the app") }
        for (program, what) in needs where !ProgramSearch.exists(program, root: root) {
            throw PlatformError(
                .unavailable,
                "this server has no \(program), which the template \(plan.template) needs for \(what); "
                    + "its operator can install it")
        }
    }

    // MARK: - The files

    private func make(
        _ request: BuildRequest, plan: BuildPlan, in surroundings: Surroundings, log: any DeployLogSink
    ) async throws(PlatformError) -> BuildResult {
        let modules = try await repository.submodules(of: request.commit, app: request.app.id)
        let isPristine = plan.steps.isEmpty && modules.isEmpty
        if !isPristine || plan.versions != nil, request.channel.account == 0 {
            throw PlatformError(.internal, "the channel has no account to build with")
        }
        if isPristine, let site = plan.site,
            let result = try await publishShared(request, plan: plan, site: site, log: log)
        {
            return result
        }
        let (clock, root) = (ContinuousClock(), configuration(in: surroundings).containerRoot)
        // Read while the commit is laid out.
        async let former = previousManifest(plan.site == nil ? nil : request.previous?.id)
        // Where no command will run, the files stay as the commit has them.
        let keepsAll =
            modules.isEmpty && !isPristine ? await self.keepsAll(plan.steps, of: request, root: root) : false
        var tree = try await layOut(request, isPristine: isPristine || keepsAll, log: log)
        let files = layout.files(request.release)
        let steps = StepRunner(
            runner: runner, configuration: configuration(in: surroundings), request: request, directory: files,
            log: log, elsewhere: layout.nothing(request.release),
            rootfs: surroundings.rootfs, deadline: clock.now + .seconds(configuration.timeLimit))
        var submodules = SubmoduleFetch(
            repository: repository, pool: pool, steps: steps, server: configuration.server,
            limits: (configuration.maximumEntries, configuration.maximumBytes), request: request, log: log)
        try await submodules.run(modules)
        try await pool.run { () throws(PlatformError) in try CheckoutCheck.check(files) }
        for wish in plan.versions ?? [] { try await versions.check(wish, with: steps) }
        try StepRunner.checkCancellation()
        if keepsAll, !(await takeAll(plan.steps, of: request, root: root, log: log)) {
            // Another build has pushed it out since.
            tree = try await layOut(request, isPristine: false, log: log)
        }
        if !tree.isPristine { try await run(plan, with: steps, of: request, log: log) }
        let known = await former
        let twins = SitePublisher.Twins(
            folder: layout.twins(request.release),
            previous: known.flatMap { manifest in request.previous.map { (layout.twins($0.id, manifest), manifest) } })
        let start = clock.now
        let manifest = try await finish(
            request.release, plan: plan, isPristine: isPristine, newFiles: tree.newFiles,
            previous: tree.isLinked ? known : nil, twins: twins, log: log)
        log.write("\(manifest == nil ? "files" : "site") stored (\(StepRunner.seconds(clock.now - start)))")
        var runPlan = plan.run
        runPlan.rootfs = surroundings.rootfs
        return BuildResult(
            plan: runPlan, isPristine: tree.isPristine,
            site: manifest.map { layout.site(request.release, $0) })
    }
}
