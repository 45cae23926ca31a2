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
        let key = DependencyKey.text(step, environment: request.environment, root: steps.configuration.containerRoot)
        let files = layout.files(request.release)
        let place = (step.directory ?? "").split(separator: "/").map(String.init)
        let (cache, app, account) = (dependencies, request.app.id, request.channel.account)
        let clock = ContinuousClock()
        let start = clock.now
        let taken = await pool.run { () throws(Never) -> Int? in
            guard let folder = try? FolderHandle(path: files).folder(place) else { return nil }
            return cache.take(key, folders: reuse.folders, app: app, into: folder, account: account)
        }
        if let taken {
            let seconds = StepRunner.seconds(clock.now - start)
            log.write("\(step.name) not needed: nothing it reads has changed; \(taken) files taken over (\(seconds))")
            return
        }
        try await steps.run(step)
        do {
            try await pool.run { () throws(FileError) in
                try cache.keep(
                    key, folders: reuse.folders, app: app, from: FolderHandle(path: files).folder(place))
            }
        } catch {
            // The next build installs again; that is all.
            logger.warning("dependencies not kept", metadata: ["app": "\(app)", "error": "\(error)"])
        }
    }

    var dependencies: DependencyCache { DependencyCache(directory: configuration.dependencies) }
}
