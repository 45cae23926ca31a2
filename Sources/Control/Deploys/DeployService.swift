import Core
import Foundation
import Logging

/// What may be done with deploys: ask for one, read its log, see the last ones.
public struct DeployService: Sendable {
    let platform: Platform
    let tokens: TokenService
    let deployQueue: DeployQueue
    let logs: DeployLogs
    let ends: DeployEnds
    let turns: DeployTurns
    let followers: Followers

    init(
        platform: Platform, tokens: TokenService, queue: DeployQueue, logs: DeployLogs, ends: DeployEnds,
        turns: DeployTurns, followers: Followers
    ) {
        self.platform = platform
        self.tokens = tokens
        deployQueue = queue
        self.logs = logs
        self.ends = ends
        self.turns = turns
        self.followers = followers
    }

    /// Throws `.scopeDenied` and `.notFound`, before anything else of a deploy request is looked at.
    public func checkAccess(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) {
        try Policy.require(.deploy, of: principal)
        _ = try await platform.channel(id, app: appID, of: principal)
    }

    /// Throws `.notFound`, before anything else of a request to read is looked at.
    public func checkReadAccess(
        channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) {
        _ = try await platform.channel(id, app: appID, of: principal)
    }

    /// Queues a deploy of a commit, a branch or `HEAD` (the branch that the channel is bound to). Only the syntax is
    /// checked here; what does not resolve ends as failed, with a log.
    public func request(
        _ revision: String, channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Deploy {
        try Policy.require(.deploy, of: principal)
        let channel = try await platform.channel(id, app: appID, of: principal)
        let deploy: Deploy
        if let commit = CommitID(revision) {
            deploy = make(channel, requested: revision, ref: nil, commit: commit)
        } else if revision == "HEAD" {
            deploy = make(channel, requested: revision, ref: channel.binding.headBranch.ref, commit: nil)
        } else if let branch = BranchName(revision) {
            guard channel.binding.accepts(branch) else {
                throw .invalid(
                    "sha names branch \(NameFault.quoted(branch.rawValue)), but this channel is bound to \(channel.binding.description)"
                )
            }
            deploy = make(channel, requested: revision, ref: branch.ref, commit: nil)
        } else {
            throw .invalid(
                "sha must be 40 hex digits, the name of a branch, or HEAD; "
                    + (revision.isEmpty ? "it is empty" : "\(NameFault.quoted(revision)) is none of these"))
        }
        try await enqueue([deploy])
        await deployQueue.wake(channel.id)
        return deploy
    }

    /// The log so far. Throws `.notFound` also when there is no line yet.
    public func log(
        of deployID: ID<Deploy>?, channel id: ID<Channel>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Data {
        let channel = try await platform.channel(id, app: appID, of: principal)
        guard let deployID, let deploy = try await platform.deploys.deploy(deployID, channel: channel.id),
            let log = try await platform.deployLogs.read(deploy.id)
        else { throw .notFound("deploy log") }
        return log
    }

    /// The channel's last deploys, newest first.
    public func recent(
        channel id: ID<Channel>, app appID: ID<App>, limit: Int, by principal: Principal
    ) async throws(PlatformError) -> [Deploy] {
        let channel = try await platform.channel(id, app: appID, of: principal)
        return try await platform.deploys.deploys(channel: channel.id, limit: limit)
    }

    /// The app's deploys, or those of one channel, newest first, in pages. `channel` is `.some(nil)` for one that cannot
    /// exist.
    public func page(
        app appID: ID<App>?, channel: ID<Channel>??, before cursor: DeployPage.Cursor?, limit: Int,
        by principal: Principal
    ) async throws(PlatformError) -> DeployPage {
        guard let appID, try await platform.apps.app(appID, owner: principal.user.id) != nil else {
            throw .notFound("app")
        }
        if let channel {
            guard let channel, try await platform.channels.channel(channel, app: appID) != nil else {
                throw .notFound("channel")
            }
        }
        return try await platform.deploys.page(app: appID, channel: channel ?? nil, before: cursor, limit: limit)
    }

    /// Throws `.notFound`, before anything else of the request is looked at.
    public func checkReadAccess(app id: ID<App>?, by principal: Principal) async throws(PlatformError) {
        guard let id, try await platform.apps.app(id, owner: principal.user.id) != nil else { throw .notFound("app") }
    }

    /// Writes deploys down as queued. Those that they supersede end here, with their log.
    func enqueue(_ deploys: [Deploy]) async throws(PlatformError) {
        try await queue(deploys) { () async throws(PlatformError) in
            try await platform.deploys.enqueue(deploys, at: platform.now())
        }
    }

    /// Queues deploys that a push had held back, as `enqueue` does.
    func release(_ deploys: [Deploy]) async throws(PlatformError) {
        try await queue(deploys) { () async throws(PlatformError) in
            try await platform.deploys.release(deploys.map(\.id), at: platform.now())
        }
    }

    private func queue(
        _ deploys: [Deploy], _ write: () async throws(PlatformError) -> [Deploy]
    ) async throws(PlatformError) {
        guard !deploys.isEmpty else { return }
        for deploy in deploys { logs.open(deploy.id) }
        let superseded: [Deploy]
        do throws(PlatformError) { superseded = try await write() } catch {
            for deploy in deploys { logs.forget(deploy.id) }
            throw error
        }
        await ends.superseded(superseded)
    }

    func make(
        _ channel: Channel, requested: String, ref: String?, commit: CommitID?, release: ID<Release>? = nil
    ) -> Deploy {
        Deploy(
            appID: channel.appID, channelID: channel.id, requested: requested, ref: ref, commit: commit,
            release: release, createdAt: platform.now())
    }
}
