import Blocking
import Core
import Logging

/// Steps whose result is kept, so that the same need not be made again.
extension ReleaseBuilder {
    /// Runs a step, unless what it would make is kept from an earlier build.
    func run(
        _ step: BuildStep, with steps: StepRunner, of request: BuildRequest, log: any DeployLogSink
    ) async throws(PlatformError) {
        guard let reuse = step.reuse else { return try await steps.run(step) }
        let root = steps.configuration.containerRoot
        if await take(step, of: request, root: root, log: log) { return }
        let key = DependencyKey.text(step, environment: request.environment, root: root)
        let files = layout.files(request.release)
        let place = Self.place(of: step)
        let (cache, app) = (dependencies, request.app.id)
        try await steps.run(step)
        do {
            try await pool.run { () throws(FileError) in
                try cache.keep(key, of: reuse, app: app, from: FolderHandle(path: files).folder(place))
            }
        } catch {
            // The next build installs again; that is all.
            logger.warning("dependencies not kept", metadata: ["app": "\(app)", "error": "\(error)"])
        }
    }

    /// Puts what the step would make among the release's files, when it is kept. False when it is not: nothing has changed then.
    /// - Parameter root: of the file system that the step would have.
    func take(_ step: BuildStep, of request: BuildRequest, root: String, log: any DeployLogSink) async -> Bool {
        guard let reuse = step.reuse else { return false }
        let key = DependencyKey.text(step, environment: request.environment, root: root)
        let (files, place) = (layout.files(request.release), Self.place(of: step))
        let (cache, app, account) = (dependencies, request.app.id, request.channel.account)
        let clock = ContinuousClock()
        let start = clock.now
        let taken = await pool.run { () throws(Never) -> Int? in
            guard let folder = try? FolderHandle(path: files).folder(place) else { return nil }
            return cache.take(key, of: reuse, app: app, into: folder, account: account)
        }
        guard let taken else { return false }
        let seconds = StepRunner.seconds(clock.now - start)
        log.write("\(step.name) not needed: nothing it reads has changed; \(taken) files taken over (\(seconds))")
        return true
    }

    /// Whether an earlier build has left what every one of the steps would make, so that none will have to run. Only `take` tells
    /// for certain.
    func keepsAll(_ steps: [BuildStep], of request: BuildRequest, root: String) async -> Bool {
        let (cache, app) = (dependencies, request.app.id)
        return await pool.run { () throws(Never) -> Bool in
            steps.allSatisfy { step in
                step.reuse != nil
                    && cache.has(DependencyKey.text(step, environment: request.environment, root: root), app: app)
            }
        }
    }

    /// The folder below the release's files in which the step runs.
    private static func place(of step: BuildStep) -> [String] {
        (step.directory ?? "").split(separator: "/").map(String.init)
    }

    var dependencies: DependencyCache { DependencyCache(directory: configuration.dependencies) }
}
