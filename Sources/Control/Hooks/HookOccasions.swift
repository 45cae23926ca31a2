import Core
import Foundation
import Logging
import Synchronization

/// When the operator's programs are run, and what they are told.
struct HookOccasions: Sendable {
    let platform: Platform
    /// Of programs that are told of ended deploys: a user may have many deploys end at once, which cost nothing but that.
    private let turns = BuildSlots(8)

    init(platform: Platform) { self.platform = platform }

    // MARK: - Pushes

    /// Throws `.forbidden` when the push is refused; its `output` detail has what the programs wrote. Returns that otherwise.
    func preReceive(_ updates: [PushUpdate], access: GitAccess) async throws(PlatformError) -> [String] {
        guard let hooks = platform.hooks else { return [] }
        let lines = Mutex<[String]>([])
        let call = HookCall(
            .preReceive, input: Self.input(updates), environment: environment(access.app, pusher: access.principal))
        do throws(PlatformError) {
            try await hooks.run(call) { line in lines.withLock { $0.append(LogText.harmless(line)) } }
        } catch {
            var error = error
            error.details["output"] = lines.withLock { $0 }.joined(separator: "\n")
            throw error
        }
        return lines.withLock { $0 }
    }

    /// What fails is logged.
    func postReceive(_ updates: [PushUpdate], app: App, _ output: @escaping @Sendable (String) -> Void) async {
        guard let hooks = platform.hooks, !updates.isEmpty else { return }
        let call = HookCall(.postReceive, input: Self.input(updates), environment: environment(app))
        await logged(app) { () async throws(PlatformError) in
            try await hooks.run(call) { output(LogText.harmless($0)) }
        }
    }

    // MARK: - Deploys

    /// Throws `.buildFailed` when the deploy is refused; what the programs write is in its log.
    func preDeploy(
        _ deploy: Deploy, commit: CommitID, app: App, channel: Channel, log: any DeployLogSink
    ) async throws(PlatformError) {
        guard let hooks = platform.hooks else { return }
        let description = HookDescription(
            deploy, commit: commit, app: app, channel: channel, url: url(channel), report: nil)
        let text = try description.text
        let call = HookCall(.preDeploy, input: text, environment: environment(app, description))
        do throws(PlatformError) { try await hooks.run(call) { log.write($0) } } catch {
            throw error.code == .forbidden ? PlatformError(.buildFailed, error.message, cause: error.cause) : error
        }
    }

    /// What fails is logged. Nothing is told of deploys whose channel is gone.
    func postDeploy(_ id: ID<Deploy>) async {
        guard let hooks = platform.hooks else { return }
        do throws(PlatformError) {
            guard let deploy = try await platform.deploys.deploy(id),
                let app = try await platform.apps.app(deploy.appID),
                let channel = try await platform.channels.channel(deploy.channelID)
            else { return }
            let description = HookDescription(
                deploy, commit: deploy.commit, app: app, channel: channel, url: url(channel),
                report: try await platform.deploys.report(of: id))
            let text = try description.text
            let call = HookCall(.postDeploy, input: text, environment: environment(app, description))
            try await turns.run(for: app.ownerID, onWait: {}) { () async throws(PlatformError) in
                await logged(app) { () async throws(PlatformError) in try await hooks.run(call) { _ in } }
            }
        } catch {
            platform.logger.error("hook not run", metadata: ["deploy": "\(id)", "error": "\(error)"])
        }
    }

    // MARK: - What programs are told

    private func logged(_ app: App, _ body: () async throws(PlatformError) -> Void) async {
        do throws(PlatformError) { try await body() } catch {
            platform.logger.warning("hook failed", metadata: ["app": "\(app.id)", "error": "\(error)"])
        }
    }

    /// A line an update, as git gives them to its own hooks (githooks(5)).
    static func input(_ updates: [PushUpdate]) -> String {
        let none = String(repeating: "0", count: 40)
        return updates.map { "\($0.old?.rawValue ?? none) \($0.new?.rawValue ?? none) \($0.ref)\n" }.joined()
    }

    private func environment(_ app: App, pusher: Principal? = nil) -> [String: String] {
        var values = [
            "BERTH_USER": app.ownerName.rawValue, "BERTH_APP": app.name.rawValue, "BERTH_APP_ID": "\(app.id)",
        ]
        values["BERTH_PUSHER"] = pusher?.user.name.rawValue
        return values
    }

    private func environment(_ app: App, _ description: HookDescription) -> [String: String] {
        var values = environment(app)
        values["BERTH_CHANNEL"] = description.channel
        values["BERTH_CHANNEL_ID"] = description.channel_id
        values["BERTH_DEPLOY_ID"] = description.deploy_id
        values["BERTH_SHA"] = description.sha
        values["BERTH_URL"] = description.url
        values["BERTH_STATUS"] = description.status
        return values
    }

    private func url(_ channel: Channel) -> String {
        platform.address.url(host: platform.address.hostname(channel.label)) + "/"
    }
}

/// A deploy as programs read it: names as in the API.
struct HookDescription: Encodable {
    let deploy_id: String
    let app: String
    let app_id: String
    let user: String
    let channel: String
    let channel_id: String
    let requested: String
    let branch: String?
    let sha: String?
    let url: String
    let status: String
    let failure: String?
    let duration_ms: Int?
    let requests: Int?
    let failed: Int?

    init(_ deploy: Deploy, commit: CommitID?, app: App, channel: Channel, url: String, report: DeployReport?) {
        deploy_id = deploy.id.description
        self.app = app.name.rawValue
        app_id = app.id.description
        user = app.ownerName.rawValue
        self.channel = channel.name.rawValue
        channel_id = channel.id.description
        requested = deploy.requested
        branch = deploy.ref.flatMap { BranchName(ref: $0)?.rawValue }
        sha = commit?.rawValue
        self.url = url
        status = deploy.status.rawValue
        failure = deploy.failure
        duration_ms = report.map { $0.steps.reduce(0) { $0 + ($1.milliseconds ?? 0) } }
        requests = report?.switched?.requests
        failed = report?.switched?.failed
    }

    /// One JSON object on one line.
    var text: String {
        get throws(PlatformError) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            do { return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n" } catch {
                throw .internal("a deploy could not be described", cause: error)
            }
        }
    }
}
