import Core
import Synchronization

/// A builder that does what a test says, and keeps count of the release folders that it would have.
public final class ScriptedBuilder: SourceBuilder {
    public typealias Script =
        @Sendable (BuildRequest, any DeployLogSink) async throws(PlatformError) -> BuildResult

    private struct State {
        var script: Script
        var folders: Set<ID<Release>> = []
        var requests: [BuildRequest] = []
        var releaseSize = 0
        var site: StaticSite?
        var beforeSizes: @Sendable () async -> Void = {}
    }

    public let templateNames = ["static", "node"]
    private let state: Mutex<State>

    public init(_ script: @escaping Script = ScriptedBuilder.staticSite) { state = Mutex(State(script: script)) }

    /// Builds a static site of one file.
    public static let staticSite: Script = { request, log in
        BuildResult(plan: RunPlan(kind: .static), isPristine: true, site: StaticSite(root: "/release", files: [:]))
    }

    /// Builds something that runs.
    public static let web: Script = { request, log in
        BuildResult(plan: RunPlan(kind: .web, command: ["true"]), isPristine: false, site: nil)
    }

    public func use(_ script: @escaping Script) { state.withLock { $0.script = script } }
    public var requests: [BuildRequest] { state.withLock { $0.requests } }

    public func build(_ request: BuildRequest, log: any DeployLogSink) async throws(PlatformError) -> BuildResult {
        let script = state.withLock { state in
            state.requests.append(request)
            return state.script
        }
        let result = try await script(request, log)
        state.withLock { _ = $0.folders.insert(request.release) }
        return result
    }

    public func filesDirectory(of release: ID<Release>) -> String { "/releases/\(release)/files" }

    public func site(of release: ID<Release>) async throws(PlatformError) -> StaticSite {
        guard state.withLock({ $0.folders.contains(release) }) else { throw .notFound("release") }
        return state.withLock { $0.site } ?? StaticSite(root: filesDirectory(of: release), files: [:])
    }

    /// What the releases that are on disk have from now on.
    public func setSite(_ site: StaticSite) { state.withLock { $0.site = site } }

    public func remove(_ release: ID<Release>) async { state.withLock { _ = $0.folders.remove(release) } }
    public func forget(_ app: ID<App>) async {}
    /// What every release takes from now on.
    public func makeReleases(ofSize bytes: Int) { state.withLock { $0.releaseSize = bytes } }
    /// What happens whenever sizes are asked for.
    public func beforeSizes(_ action: @escaping @Sendable () async -> Void) {
        state.withLock { $0.beforeSizes = action }
    }
    public func sizes(of releases: [ID<Release>]) async -> [Int] {
        await state.withLock { $0.beforeSizes }()
        return state.withLock { state in releases.map { state.folders.contains($0) ? state.releaseSize : 0 } }
    }
    public func releasesOnDisk() async -> [ID<Release>] { state.withLock { Array($0.folders) } }
    public func addStray(_ release: ID<Release>) { state.withLock { _ = $0.folders.insert(release) } }
}
