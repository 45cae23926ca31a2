import Blocking
import Core
import Foundation
import Logging
import TestSupport

@testable import Builder

/// A builder with a releases folder of its own, the built-in templates, and stubs for git and containers.
struct BuildFixture {
    /// The repository's `templates` folder.
    static let templates = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("templates").path

    let directory: TemporaryDirectory
    let repository: StubRepository
    let runner: StubTaskRunner
    let builder: ReleaseBuilder
    let log = RecordingLogSink()
    /// The app that every build is of.
    let app = ID<App>()

    /// - Parameter hasLinks: a site's files are laid out in its release, and not shared by content.
    init(
        _ runner: StubTaskRunner = StubTaskRunner(), templates: String = Self.templates,
        rootfs: (any RootfsProvider)? = nil, hasLinks: Bool = false,
        change: (inout BuilderConfiguration) -> Void = { _ in }
    ) throws {
        directory = try TemporaryDirectory("builder-test")
        repository = StubRepository(hasLinks: hasLinks)
        self.runner = runner
        var configuration = BuilderConfiguration(
            releases: directory.path("data/releases"), dependencies: directory.path("data/cache/dependencies"),
            caches: directory.path("data/cache/builds"))
        change(&configuration)
        builder = ReleaseBuilder(
            configuration: configuration, repository: repository, runner: runner,
            catalog: try TemplateCatalog(builtIn: templates), rootfs: rootfs,
            pool: BlockingPool(label: "builder-test", width: 2), logger: Logger(label: "test"))
    }

    var releases: String { directory.path("data/releases") }

    func request(
        _ commit: CommitID, template: String = "static", environment: [String: String] = [:], account: UInt32 = 12_345,
        previous: Release? = nil
    ) throws -> BuildRequest {
        let app = App(
            id: self.app, ownerID: ID(), ownerName: try UserName("ada"), name: try AppName("site"), template: template,
            createdAt: Date(timeIntervalSince1970: 0))
        let name = try ChannelName("prod")
        let channel = Channel(
            appID: app.id, name: name, label: try SiteLabel(channel: name, app: app.name, user: app.ownerName),
            binding: .anyBranch, account: account, createdAt: app.createdAt)
        return BuildRequest(
            app: app, channel: channel, deploy: ID(), release: ID(), commit: commit, environment: environment,
            previous: previous)
    }

    /// Builds and returns the release with its result.
    func build(
        _ tree: StubRepository.Tree, template: String = "static", environment: [String: String] = [:],
        previous: Release? = nil
    ) async throws -> (release: Release, result: BuildResult) {
        let request = try request(
            repository.commit(tree), template: template, environment: environment, previous: previous)
        let result = try await builder.build(request, log: log)
        let release = Release(
            id: request.release, appID: request.app.id, channelID: request.channel.id, deployID: request.deploy,
            commit: request.commit, plan: result.plan, isPristine: result.isPristine,
            createdAt: Date(timeIntervalSince1970: 0))
        return (release, result)
    }

    func build(
        texts: [String: String], template: String = "static", environment: [String: String] = [:],
        previous: Release? = nil
    ) async throws -> (release: Release, result: BuildResult) {
        try await build(
            texts.mapValues { .text($0) }, template: template, environment: environment, previous: previous)
    }

    /// The error of a build that must fail.
    func failure(
        texts: [String: String], template: String = "static"
    ) async throws -> PlatformError? {
        do {
            _ = try await build(texts: texts, template: template)
            return nil
        } catch let error as PlatformError {
            return error
        }
    }

    /// Names in the releases folder.
    func leftovers() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: releases)) ?? [] }

    func inode(_ release: Release, _ path: String) throws -> UInt64 {
        try FolderHandle(path: builder.filesDirectory(of: release.id)).status(FileName(path)).inode
    }
}

extension RecordingLogSink {
    /// The lines with `#` for every time such as `1.2 s`.
    var linesWithoutTimes: [String] { lines.map { $0.replacing(/\d+\.\d s/, with: "#") } }
}

extension ContainerTask {
    /// Writes a file as the command in the container would.
    func write(_ path: String, _ text: String) throws(PlatformError) {
        let url = URL(fileURLWithPath: "\(directory)/\(path)")
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        } catch {
            throw .internal("the stub could not write", cause: error)
        }
    }
}
