import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
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
        let appID = try #require(ID<App>(app.id))
        let staging = try await api.call(
            .post, "/apps/\(app.id)/channels", token: token, body: #"{"name":"qa","git_ref_binding":"branch:*"}"#)
        let channel = try #require(staging.object["id"] as? String)
        let path = "/apps/\(app.id)/channels/\(channel)"
        let schema = try #require(try await api.database(path, token: token)["schema_name"] as? String)
        // Two versions of something that runs, so that there is one to go back to.
        api.platform.builder.use(ScriptedBuilder.web)
        var deployID = ""
        for digit in "ab" {
            api.platform.repository.move(.master, to: api.platform.commit(digit), app: appID)
            let deploy = try await api.call(.post, "\(path)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
            deployID = try #require(deploy.object["deploy_id"] as? String)
            _ = try await api.platform.log(of: try #require(ID(deployID)))
        }
        let channelID = try #require(ID<Channel>(channel))
        let releases = try await api.platform.stores.releases.releases(channel: channelID)
        let instances = try await api.platform.stores.instances.instances(channel: channelID)
        let oldest = try #require(releases.last)
        let newest = try #require(instances.last)
        let minted = try await api.call(.post, "/tokens", token: token)
        let invite = try await api.call(.post, "/admin/invites", token: adminToken)
        let inviteID = (invite.object["invite"] as? [String: Any])?["invite_id"] as? String
        replacements = [
            (Examples.appID, app.id), (Examples.channelID, channel), (Examples.deployID, deployID),
            (Examples.schema, schema), (Examples.tokenID, try #require(minted.object["token_id"] as? String)),
            (Examples.inviteID, try #require(inviteID)), (Examples.releaseID, "\(oldest.id)"),
            (Examples.instanceID, "\(newest.id)"),
        ]
    }

    /// A text with this installation's ids in place of the examples'.
    func fill(_ text: String) -> String { replacements.reduce(text) { $0.replacing($1.0, with: $1.1) } }

    /// A path with its parameters and the query of the examples.
    func fill(_ path: String, query: [API.Operation.Parameter]) -> String {
        let names = [
            "app_id": Examples.appID, "channel_id": Examples.channelID, "token_id": Examples.tokenID,
            "invite_id": Examples.inviteID, "deploy_id": Examples.deployID, "instance_id": Examples.instanceID,
            "key": "STRIPE_SECRET_KEY",
        ]
        let filled = names.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) }
        let parts = query.compactMap { parameter in
            parameter.example.map { "\(parameter.name)=\($0.text.replacing("\"", with: ""))" }
        }
        return fill(filled + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&")))
    }
}
