import Control
import Core
import HTTPTypes

/// `/apps/{app}/channels/{channel}/deploy` and `…/logs` (seed 000).
struct DeploysSurface: Surface {
    let deploys: DeployService

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/apps/{app}/channels/{channel}/deploy") { call in
                try await deploys.checkAccess(
                    channel: call.id("channel"), app: call.id("app"), by: call.principal)
                let deploy = try await deploys.request(
                    try await call.body().string("sha"), channel: call.id("channel"), app: call.id("app"),
                    by: call.principal)
                return .json([
                    "deploy_id": .string(deploy.id.description),
                    "channel_id": .string(deploy.channelID.description),
                    "status": .string(deploy.status.rawValue),
                ])
            },
            Endpoint(.get, "/apps/{app}/channels/{channel}/logs") { call in
                try await deploys.checkReadAccess(
                    channel: call.id("channel"), app: call.id("app"), by: call.principal)
                guard let text = call.query("deploy") else {
                    throw PlatformError.invalid("the query parameter deploy is required: the id of a deploy")
                }
                guard let id: ID<Deploy> = ID(text) else {
                    throw PlatformError.invalid("the query parameter deploy must be a UUID")
                }
                return .text(
                    try await deploys.log(
                        of: id, channel: call.id("channel"), app: call.id("app"), by: call.principal))
            },
        ]
    }
}
