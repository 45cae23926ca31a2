import Control
import Core
import Foundation
import HTTPTypes
import Testing

@testable import API

/// An installation in which there is what the description's examples speak of, under ids of its own.
struct ExampleWorld {
    let token: String
    let adminToken: String
    private let replacements: [(String, String)]

    init(_ api: TestAPI) async throws {
        adminToken = try await api.token("root", isAdmin: true)
        token = try await api.token("alice")
        let app = try await api.app("first", token: token)
        let staging = try await api.call(
            .post, "/apps/\(app.id)/channels", token: token, body: #"{"name":"qa","git_ref_binding":"branch:*"}"#)
        let channel = try #require(staging.object["id"] as? String)
        let path = "/apps/\(app.id)/channels/\(channel)"
        let schema = try #require(try await api.database(path, token: token)["schema_name"] as? String)
        let deploy = try await api.call(.post, "\(path)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
        let deployID = try #require(deploy.object["deploy_id"] as? String)
        for _ in 0..<10_000 {
            if try await api.call(.get, "\(path)/logs?deploy=\(deployID)", token: token).status == 200 { break }
            await Task.yield()
        }
        let minted = try await api.call(.post, "/tokens", token: token)
        let invite = try await api.call(.post, "/admin/invites", token: adminToken)
        let inviteID = (invite.object["invite"] as? [String: Any])?["invite_id"] as? String
        replacements = [
            (Examples.appID, app.id), (Examples.channelID, channel), (Examples.deployID, deployID),
            (Examples.schema, schema), (Examples.tokenID, try #require(minted.object["token_id"] as? String)),
            (Examples.inviteID, try #require(inviteID)),
        ]
    }

    /// A text with this installation's ids in place of the examples'.
    func fill(_ text: String) -> String { replacements.reduce(text) { $0.replacing($1.0, with: $1.1) } }

    /// A path with its parameters and the query of the examples.
    func fill(_ path: String, query: [API.Operation.Parameter]) -> String {
        let names = [
            "app_id": Examples.appID, "channel_id": Examples.channelID, "token_id": Examples.tokenID,
            "invite_id": Examples.inviteID, "key": "STRIPE_SECRET_KEY",
        ]
        let filled = names.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) }
        let parts = query.compactMap { parameter in
            parameter.example.map { "\(parameter.name)=\($0.text.replacing("\"", with: ""))" }
        }
        return fill(filled + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&")))
    }
}
