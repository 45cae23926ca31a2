import Blocking
import Builder
import Control
import Core
import Foundation
import Git
import Runner

/// Builds a folder of this machine with a template and boots it, as a deploy does, outside any app.
struct TemplateTrial {
    let host: TrialHost
    /// The template's name.
    let template: String
    /// Absolute path of the folder that is built.
    let repository: String
    /// The app's own variables.
    let environment: [String: String]
    let output: TrialOutput

    /// Plans, builds, and boots; what was booted is stopped again. Returns when it was ready, or its site was published.
    /// Throws the reason otherwise.
    func run() async throws(PlatformError) {
        let request = try await request()
        output.write("plan:")
        for line in try await host.builder.describePlan(request, log: output) { output.write("  \(line)") }
        try checkCancellation()
        output.write("build:")
        let built = try await host.builder.build(request, log: IndentedLog(output: output))
        try checkCancellation()
        if let site = built.site {
            let place = try await host.builder.publishedFolder(of: request.release) ?? "."
            let folder = place == "." ? "the root" : "\(place)/"
            let count = site.files.count
            output.write("published: \(count) \(count == 1 ? "file" : "files") from \(folder)")
        } else {
            try await boot(built.plan, request: request)
        }
    }

    /// The account of the containers: not one that a server on this machine gives to a channel, which takes the lowest
    /// that is free.
    private static let accounts: Range<UInt32> = 1_900_000_000..<2_000_000_000

    private func request() async throws(PlatformError) -> BuildRequest {
        let app = App(
            ownerID: ID(), ownerName: try UserName("try"), name: try AppName("try"), template: template,
            createdAt: Date())
        let name = try ChannelName(Channel.prodName)
        let channel = Channel(
            appID: app.id, name: name, label: try SiteLabel(channel: name, app: app.name, user: app.ownerName),
            binding: .anyBranch, account: .random(in: Self.accounts), createdAt: app.createdAt)
        let local = try await host.repositories.create(app.id, from: repository)
        output.write(
            local.isHead
                ? "repository: commit \(local.commit.short) of \(repository); what is not committed is left out"
                : "repository: the files of \(repository)")
        var environment = environment
        environment["XHOST_USER"] = app.ownerName.rawValue
        environment["XHOST_SHA"] = local.commit.rawValue
        return BuildRequest(
            app: app, channel: channel, deploy: ID(), release: ID(), commit: local.commit, environment: environment,
            previous: nil)
    }

    private func boot(_ plan: RunPlan, request: BuildRequest) async throws(PlatformError) {
        output.write("start:")
        let specification = InstanceSpecification(
            id: ID(), channel: request.channel.id, release: request.release,
            directory: host.builder.filesDirectory(of: request.release), plan: plan, environment: request.environment,
            account: request.channel.account, limits: try ControlConfiguration().limits(of: plan),
            volumes: try await FolderVolumes(
                directory: host.folder.volumes, pool: BlockingPool(label: "volumes", width: 1)
            ).prepare(plan, of: request.channel))
        let clock = ContinuousClock()
        var began = clock.now
        let endpoint = try await host.runner.start(specification, log: IndentedLog(output: output))
        output.write("ready after \(Self.seconds(clock.now - began))")
        if plan.kind != .worker {
            let path = plan.probedPath
            let seen = await endpoint.ask(path)
            output.write("\(path.map { "GET \($0)" } ?? "connection to port \(plan.port)"): \(seen)")
        }
        began = clock.now
        await host.runner.stop(specification.id, grace: Task.isCancelled ? 0 : nil)
        output.write("stopped after \(Self.seconds(clock.now - began))")
        try checkCancellation()
    }

    private static func seconds(_ duration: Duration) -> String {
        String(format: "%.1f s", duration / .seconds(1))
    }

    private func checkCancellation() throws(PlatformError) {
        if Task.isCancelled { throw PlatformError(.cancelled, "interrupted") }
    }
}

/// What the builder and the runner say, below the heading of its part.
private struct IndentedLog: DeployLogSink {
    let output: TrialOutput
    func write(_ line: String) { output.write("  \(line)") }
}
