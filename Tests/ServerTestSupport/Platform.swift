import Foundation

/// A user of a server, through the xhost API and git.
package struct Platform: Sendable {
    package struct App: Decodable, Sendable {
        package let id: String
        package let name: String
        package let repo_url: String
        package let template: String
        package let channels: [Channel]
    }

    package struct Channel: Decodable, Sendable {
        package let id: String
        package let name: String
        package let hostname: String
        package let git_ref_binding: String
        package let current_sha: String?
        package let status: String
    }

    package struct AppList: Decodable, Sendable {
        package let apps: [App]
    }

    package struct Deploy: Decodable, Sendable {
        package let deploy_id: String
    }

    package let berthd: Berthd
    package let user: String
    package let token: String

    package init(berthd: Berthd, user: String, token: String) {
        self.berthd = berthd
        self.user = user
        self.token = token
    }

    /// The first user of the server that the suite shares.
    package static func admin() throws -> Platform {
        guard let berthd = Berthd.current else {
            throw HTTPFailure(description: "the suite has no server: it lacks the trait .berthd")
        }
        return try Platform(berthd: berthd, user: "admin", token: berthd.token())
    }

    /// One call of the API.
    package func call(_ method: String, _ path: String, _ body: [String: String]? = nil) async throws -> HTTPAnswer {
        try await berthd.request(
            method, host: "api.localhost", path: path,
            headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
            body: body.map { try JSONEncoder().encode($0) })
    }

    /// The same with a list in the body.
    package func call(_ method: String, _ path: String, _ body: [String: [String]]) async throws -> HTTPAnswer {
        try await berthd.request(
            method, host: "api.localhost", path: path, headers: [("Authorization", "Bearer \(token)")],
            body: JSONEncoder().encode(body))
    }

    package func createApp(_ name: String, template: String) async throws -> App {
        try decode(await call("POST", "/apps", ["name": name, "template": template]))
    }

    package func apps() async throws -> [App] {
        let list: AppList = try decode(await call("GET", "/apps"))
        return list.apps
    }

    package func app(_ id: String) async throws -> App { try decode(await call("GET", "/apps/\(id)")) }

    package func createChannel(_ name: String, binding: String, app: String) async throws -> Channel {
        try decode(await call("POST", "/apps/\(app)/channels", ["name": name, "git_ref_binding": binding]))
    }

    package func deploy(_ revision: String, app: String, channel: String) async throws -> Deploy {
        try decode(await call("POST", "/apps/\(app)/channels/\(channel)/deploy", ["sha": revision]))
    }

    package func setEnvironment(_ key: String, _ value: String, app: String) async throws {
        let answer = try await call("POST", "/apps/\(app)/env", ["key": key, "value": value])
        guard answer.status == 204 else { throw HTTPFailure(description: "env: \(answer.status) \(answer.text)") }
    }

    /// The address of a repository with the token in it.
    package func remote(_ app: String) -> String {
        "http://\(user):\(token)@git.localhost:\(berthd.port)/\(user)/\(app).git"
    }

    private func decode<Value: Decodable>(_ answer: HTTPAnswer) throws -> Value {
        guard answer.status == 200 else { throw HTTPFailure(description: "\(answer.status) \(answer.text)") }
        return try JSONDecoder().decode(Value.self, from: answer.body)
    }
}
