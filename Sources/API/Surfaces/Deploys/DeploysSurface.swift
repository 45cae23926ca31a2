import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/channels/{channel_id}/deploy` and `…/logs` (seed 000); `/apps/{app_id}/deploys`.
struct DeploysSurface: Surface {
    let deploys: DeployService

    /// Deploys on a page.
    static let pageSizes = 1...100
    static let usualPageSize = 50

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/apps/{app_id}/channels/{channel_id}/deploy", .requestDeploy) { call in
                try await deploys.checkAccess(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                let deploy = try await deploys.request(
                    try await call.body().string("sha"), channel: call.id("channel_id"), app: call.id("app_id"),
                    by: call.principal)
                return .json([
                    "deploy_id": .string(deploy.id.description),
                    "channel_id": .string(deploy.channelID.description),
                    "status": .string(deploy.status.rawValue),
                ])
            },
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}/logs", .getDeployLog) { call in
                try await deploys.checkReadAccess(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                guard let text = call.query("deploy") else {
                    throw PlatformError.invalid("the query parameter deploy is required: the id of a deploy")
                }
                guard let id: ID<Deploy> = ID(text) else {
                    throw PlatformError.invalid(
                        "the query parameter deploy must be a UUID, not \(NameFault.quoted(text))")
                }
                return .text(
                    try await deploys.log(
                        of: id, channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal))
            },
            Endpoint(.get, "/apps/{app_id}/deploys", .listDeploys) { call in
                try await deploys.checkReadAccess(app: call.id("app_id"), by: call.principal)
                let size = try call.integer("limit", in: Self.pageSizes)
                let cursor = try call.integer("cursor", in: 0...Int.max)
                let channel: ID<Channel>?? = call.query("channel").map { ID($0) }
                let page = try await deploys.page(
                    app: call.id("app_id"), channel: channel, before: cursor.map { DeployPage.Cursor($0) },
                    limit: size ?? Self.usualPageSize, by: call.principal)
                return .json([
                    "deploys": .array(page.deploys.map(DeployModel.json)),
                    "next_cursor": .optional(page.next.map { String($0) }),
                ])
            },
        ]
    }
}

extension Operation {
    fileprivate static let requestDeploy = Operation(
        id: "requestDeploy", summary: "Deploy a commit, a branch, or HEAD: the branch that the channel is bound to",
        tag: "Deploys", scopes: [.deploy],
        body: Body(schema: "NewDeploy", isRequired: true, example: ["sha": "HEAD"]),
        success: .json(
            "QueuedDeploy",
            example: [
                "deploy_id": .string(Examples.deployID), "channel_id": .string(Examples.channelID), "status": "queued",
            ]),
        failures: Failure.body("Invalid SHA format, or a branch that the channel is not bound to") + [
            .scope(.deploy), .channel,
        ])

    fileprivate static let getDeployLog = Operation(
        id: "getDeployLog", summary: "Read the log of a deploy, so far", tag: "Deploys",
        query: [
            Parameter(
                name: "deploy", description: "The deploy ID returned by the deploy endpoint", isRequired: true,
                schema: ["type": "string", "format": "uuid"], example: .string(Examples.deployID))
        ], success: .text(example: Examples.log),
        failures: [
            Failure(.invalid, "deploy is missing or no UUID"),
            Failure(.notFound, "App, channel or deploy not found, or log not yet available"),
        ])

    fileprivate static let listDeploys = Operation(
        id: "listDeploys", summary: "List the deploys of an app, newest first, in pages", tag: "Deploys",
        isExtension: true,
        query: [
            Parameter(
                name: "channel", description: "Only those of this channel", isRequired: false,
                schema: ["type": "string", "format": "uuid"], example: .string(Examples.channelID)),
            Parameter(
                name: "cursor", description: "next_cursor of the page before", isRequired: false,
                schema: ["type": "string", "pattern": "^[0-9]{1,18}$"], example: nil),
            Parameter(
                name: "limit", description: "Deploys on a page", isRequired: false,
                schema: [
                    "type": "integer", "minimum": .integer(DeploysSurface.pageSizes.lowerBound),
                    "maximum": .integer(DeploysSurface.pageSizes.upperBound),
                    "default": .integer(DeploysSurface.usualPageSize),
                ], example: 50),
        ], success: .json("DeployPage", example: ["deploys": [Examples.deploy], "next_cursor": nil]),
        failures: [Failure(.invalid, "cursor or limit is out of range"), .channel])
}
