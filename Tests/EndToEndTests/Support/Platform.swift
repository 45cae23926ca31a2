import Foundation

/// A user of a server, through the xhost API and git.
struct Platform: Sendable {
    struct App: Decodable, Sendable {
        let id: String
        let name: String
        let repo_url: String
        let template: String
        let channels: [Channel]
    }

    struct Channel: Decodable, Sendable {
        let id: String
        let name: String
        let hostname: String
        let git_ref_binding: String
        let current_sha: String?
        let status: String
    }

    struct AppList: Decodable, Sendable {
        let apps: [App]
    }

    struct Deploy: Decodable, Sendable {
        let deploy_id: String
    }

    let berthd: Berthd
    let user: String
    let token: String

    /// The first user of the server that the suite shares.
    static func admin() throws -> Platform {
        guard let berthd = Berthd.current else {
            throw HTTPFailure(description: "the suite has no server: it lacks the trait .berthd")
        }
        return try Platform(berthd: berthd, user: "admin", token: berthd.token())
    }

    /// One call of the API.
    func call(_ method: String, _ path: String, _ body: [String: String]? = nil) async throws -> HTTPAnswer {
        try await berthd.request(
            method, host: "api.localhost", path: path,
            headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
            body: body.map { try JSONEncoder().encode($0) })
    }

    /// The same with a list in the body.
    func call(_ method: String, _ path: String, _ body: [String: [String]]) async throws -> HTTPAnswer {
        try await berthd.request(
            method, host: "api.localhost", path: path, headers: [("Authorization", "Bearer \(token)")],
            body: JSONEncoder().encode(body))
    }

    func createApp(_ name: String, template: String) async throws -> App {
        try decode(await call("POST", "/apps", ["name": name, "template": template]))
    }

    func apps() async throws -> [App] {
        let list: AppList = try decode(await call("GET", "/apps"))
        return list.apps
    }

    func app(_ id: String) async throws -> App { try decode(await call("GET", "/apps/\(id)")) }

    func createChannel(_ name: String, binding: String, app: String) async throws -> Channel {
        try decode(await call("POST", "/apps/\(app)/channels", ["name": name, "git_ref_binding": binding]))
    }

    func deploy(_ revision: String, app: String, channel: String) async throws -> Deploy {
        try decode(await call("POST", "/apps/\(app)/channels/\(channel)/deploy", ["sha": revision]))
    }

    func setEnvironment(_ key: String, _ value: String, app: String) async throws {
        let answer = try await call("POST", "/apps/\(app)/env", ["key": key, "value": value])
        guard answer.status == 204 else { throw HTTPFailure(description: "env: \(answer.status) \(answer.text)") }
    }

    /// The address of a repository with the token in it.
    func remote(_ app: String) -> String {
        "http://\(user):\(token)@git.localhost:\(berthd.port)/\(user)/\(app).git"
    }

    private func decode<Value: Decodable>(_ answer: HTTPAnswer) throws -> Value {
        guard answer.status == 200 else { throw HTTPFailure(description: "\(answer.status) \(answer.text)") }
        return try JSONDecoder().decode(Value.self, from: answer.body)
    }
}
