import Control
import Core
import HTTPTypes

/// One deploy: `/apps/{app_id}/deploys/{deploy_id}`, `…/cancel`, `…/events`; what a channel can go back to: `…/releases`,
/// `…/rollback`. Extensions of the contract.
struct DeployHistorySurface: Surface {
    /// More lines than a log can have.
    static let lineNumbers = 0...1_000_000_000

    let deploys: DeployService

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/deploys/{deploy_id}", .getDeploy) { call in
                .json(
                    DeployModel.json(
                        try await deploys.detail(of: call.id("deploy_id"), app: call.id("app_id"), by: call.principal)))
            },
            Endpoint(.post, "/apps/{app_id}/deploys/{deploy_id}/cancel", .cancelDeploy) { call in
                .json(
                    DeployModel.json(
                        try await deploys.cancel(call.id("deploy_id"), app: call.id("app_id"), by: call.principal)))
            },
            Endpoint(.get, "/apps/{app_id}/deploys/{deploy_id}/events", .followDeploy) { call in
                _ = try await deploys.detail(of: call.id("deploy_id"), app: call.id("app_id"), by: call.principal)
                let asked = try call.integer("after", in: Self.lineNumbers)
                // Who comes back after a cut says so in the header, and asks for the same address as before.
                let last = call.header("Last-Event-ID").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
                let events = try await deploys.follow(
                    call.id("deploy_id"), app: call.id("app_id"), after: last ?? asked ?? 0, by: call.principal)
                return .events(events.mapped(DeployModel.event))
            },
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}/releases", .listReleases) { call in
                let releases = try await deploys.releases(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .json(["releases": .array(releases.map(DeployModel.json))])
            },
            Endpoint(.post, "/apps/{app_id}/channels/{channel_id}/rollback", .rollBack) { call in
                try await deploys.checkAccess(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                let wanted: ID<Release>?? = try await call.body(isOptional: true).optionalString("release_id")
                    .map { ID($0) }
                let deploy = try await deploys.rollback(
                    to: wanted, channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .json(DeployModel.queued(deploy))
            },
        ]
    }
}

extension AsyncStream where Element: Sendable {
    /// The same with every element in another form.
    /// - Parameter buffering: elements that wait at most for a slow reader, newest first; `nil` for all.
    func mapped<Other: Sendable>(
        buffering: Int? = nil, _ transform: @escaping @Sendable (Element) -> Other
    ) -> AsyncStream<Other> {
        AsyncStream<Other>(bufferingPolicy: buffering.map { .bufferingNewest($0) } ?? .unbounded) { continuation in
            let task = Task {
                for await element in self { continuation.yield(transform(element)) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

extension Operation {
    fileprivate static let getDeploy = Operation(
        id: "getDeploy", summary: "Show a deploy with the times of its steps and the figures of its switch",
        tag: "Deploys", isExtension: true, success: .json("DeployDetail", example: Examples.deployDetail),
        failures: [.deploy])

    fileprivate static let cancelDeploy = Operation(
        id: "cancelDeploy",
        summary: "End a deploy that waits or runs, at once; one that has ended stays as it is", tag: "Deploys",
        scopes: [.deploy], isExtension: true, success: .json("Deploy", example: Examples.deploy),
        failures: [.scope(.deploy), .deploy])

    fileprivate static let followDeploy = Operation(
        id: "followDeploy", summary: "Follow the log of a deploy from its first line to its end, as server-sent events",
        tag: "Deploys", isExtension: true,
        query: [
            Parameter(
                name: "after", description: "The number of the last line that is known; Last-Event-ID goes first",
                isRequired: false,
                schema: [
                    "type": "integer", "minimum": 0, "maximum": .integer(DeployHistorySurface.lineNumbers.upperBound),
                    "default": 0,
                ], example: 0)
        ], success: .events(example: Examples.deployEvents),
        failures: [
            Failure(.invalid, "after is no number"), .deploy,
            Failure(.rateLimited, "The caller follows too many logs already, or all callers do"),
        ])

    fileprivate static let listReleases = Operation(
        id: "listReleases", summary: "List the kept releases of a channel, newest first", tag: "Deploys",
        isExtension: true, success: .json("ReleaseList", example: ["releases": [Examples.release]]),
        failures: [.channel])

    fileprivate static let rollBack = Operation(
        id: "rollBack",
        summary: "Deploy a kept release with its own variables, without a build; without a name the one before",
        tag: "Deploys", scopes: [.deploy], isExtension: true,
        body: Body(
            schema: "Rollback", isRequired: false, example: ["release_id": .string(Examples.releaseID)]),
        success: .json(
            "QueuedDeploy",
            example: [
                "deploy_id": .string(Examples.deployID), "channel_id": .string(Examples.channelID), "status": "queued",
            ]),
        failures: Failure.body("release_id is no text") + [
            .scope(.deploy), Failure(.notFound, "App, channel or release not found"),
            Failure(.conflict, "The release is live already, or there is no earlier one"),
        ])
}
