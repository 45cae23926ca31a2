import Core
import Logging

/// A deploy with its figures.
public struct DeployDetail: Sendable {
    public let deploy: Deploy
    public let report: DeployReport
}

extension DeployService {
    /// Throws `.notFound` for a missing and for a foreign deploy alike.
    private func find(
        _ id: ID<Deploy>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Deploy {
        try await checkReadAccess(app: appID, by: principal)
        guard let id, let deploy = try await platform.deploys.deploy(id), deploy.appID == appID else {
            throw .notFound("deploy")
        }
        return deploy
    }

    /// A deploy with what it has done so far.
    public func detail(
        of id: ID<Deploy>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> DeployDetail {
        let deploy = try await find(id, app: appID, by: principal)
        let running = turns[deploy.id]?.report
        let report: DeployReport?
        if let running { report = running } else { report = try await platform.deploys.report(of: deploy.id) }
        return DeployDetail(deploy: deploy, report: report ?? DeployReport())
    }

    /// Ends a deploy that waits or runs, at once; what served before goes on serving. One that has ended stays as it is.
    /// Returns the deploy as it is then.
    public func cancel(
        _ id: ID<Deploy>?, app appID: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> Deploy {
        try Policy.require(.deploy, of: principal)
        let deploy = try await find(id, app: appID, by: principal)
        guard !deploy.status.isTerminal else { return deploy }
        try await deployQueue.cancel(deploy, reason: "cancelled by \(principal.user.name)")
        platform.logger.info(
            "deploy cancelled", metadata: ["deploy": "\(deploy.id)", "user": "\(principal.user.name)"])
        return try await platform.deploys.deploy(deploy.id) ?? deploy
    }

    /// The lines of a deploy's log behind the first `after`, those that are there and those to come, then its end. The
    /// stream ends without that when the server is stopped or the caller's token revoked.
    /// Throws `.rateLimited` for a deploy that runs when too many are followed.
    public func follow(
        _ id: ID<Deploy>?, app appID: ID<App>?, after: Int, by principal: Principal
    ) async throws(PlatformError) -> AsyncStream<DeployEvent> {
        let deploy = try await find(id, app: appID, by: principal)
        if let events = logs.listen(to: deploy.id) {
            return try TokenBoundStream.bind(
                DeployEvent.numbered(events, after: after), tokens, principal, among: followers
            ) { $0 }
        }
        let lines = DeployLogs.lines(try await platform.deployLogs.read(deploy.id))
        let ended = try await platform.deploys.deploy(deploy.id) ?? deploy
        return AsyncStream { continuation in
            for (index, line) in lines.enumerated().dropFirst(after) {
                continuation.yield(.line(number: index + 1, line))
            }
            if ended.status.isTerminal { continuation.yield(.ended(failure: ended.failure)) }
            continuation.finish()
        }
    }
}

/// What those see who follow a deploy.
public enum DeployEvent: Sendable, Hashable {
    /// A stamped line of the log and its number, counted from 1.
    case line(number: Int, String)
    /// `nil` when it succeeded.
    case ended(failure: String?)

    /// Numbers the lines of a log from its first on and leaves out those up to `after`.
    static func numbered(_ events: AsyncStream<DeployLogEvent>, after: Int) -> AsyncStream<DeployEvent> {
        AsyncStream { continuation in
            let task = Task {
                var number = 0
                for await event in events {
                    switch event {
                    case .lines(let lines):
                        for line in lines {
                            number += 1
                            if number > after { continuation.yield(.line(number: number, line)) }
                        }
                    case .ended(let failure): continuation.yield(.ended(failure: failure))
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
