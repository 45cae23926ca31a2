import Foundation

extension APIClient {
    func apps() async throws -> [AppResponse] {
        try await get("/apps", as: AppListResponse.self).apps
    }

    /// The caller's app of that name. Throws when there is none.
    func app(named name: String) async throws -> AppResponse {
        guard let app = try await apps().first(where: { $0.name == name }) else {
            throw ClientError("you have no app named \(name); `berth apps` lists yours, `berth init` makes one")
        }
        return app
    }

    /// What the last deploy of the channel was, `nil` when it had none.
    func latestDeploy(of channel: ChannelResponse) async throws -> String? {
        let stats: StatsResponse
        do {
            stats = try await get("/api/user/stats")
        } catch let error as APIError where error.status == 404 {
            throw ClientError("this server does not say what the last deploy was; name one with --deploy ID")
        }
        return stats.sites.first { $0.hostname == channel.hostname }?.latestDeployID
    }

    /// The deploy's log so far, `nil` while there is none.
    func log(of deploy: String, app: AppResponse, channel: ChannelResponse) async throws -> String? {
        do {
            return try await getText("/apps/\(app.id)/channels/\(channel.id)/logs?deploy=\(deploy)")
        } catch let error as APIError where error.code == "not_found" {
            return nil
        }
    }
}

extension AppResponse {
    func channel(named name: String) throws -> ChannelResponse {
        guard let channel = channels.first(where: { $0.name == name }) else {
            let names = channels.map(\.name).joined(separator: ", ")
            throw ClientError("\(self.name) has no channel named \(name); it has: \(names)")
        }
        return channel
    }
}
