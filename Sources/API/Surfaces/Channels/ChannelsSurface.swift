import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/channels` (seed 000).
struct ChannelsSurface: Surface {
    let channels: ChannelService
    let address: PublicAddress

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/channels", .listChannels) { call in
                let list = try await channels.list(app: call.id("app_id"), by: call.principal)
                return .json(.array(list.map { ChannelModel.json($0, address: address) }))
            },
            Endpoint(.post, "/apps/{app_id}/channels", .createChannel) { call in
                // A stranger's app must look like a missing one also when the body is wrong.
                try Policy.require(.channel, of: call.principal)
                _ = try await channels.list(app: call.id("app_id"), by: call.principal)
                let body = try await call.body()
                let channel = try await channels.create(
                    name: try body.string("name"), binding: try body.string("git_ref_binding"),
                    app: call.id("app_id"), by: call.principal)
                return .json(ChannelModel.json(channel, address: address))
            },
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}", .getChannel) { call in
                let channel = try await channels.get(
                    call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .json(ChannelModel.json(channel, address: address))
            },
            Endpoint(.delete, "/apps/{app_id}/channels/{channel_id}", .deleteChannel) { call in
                try await channels.delete(call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .nothing
            },
        ]
    }
}

extension Operation {
    fileprivate static let listChannels = Operation(
        id: "listChannels", summary: "List all channels of an app, prod first", tag: "Channels",
        success: .json("ChannelList", example: [Examples.runningProd, Examples.staging]), failures: [.app])

    fileprivate static let createChannel = Operation(
        id: "createChannel", summary: "Create a channel", tag: "Channels", scopes: [.channel],
        body: Body(
            schema: "NewChannel", isRequired: true, example: ["name": "staging", "git_ref_binding": "branch:*"]),
        success: .json("Channel", example: Examples.staging),
        failures: Failure.body("Invalid name, reserved name (prod), name taken, or invalid git_ref_binding format") + [
            .scope(.channel), .app,
        ])

    fileprivate static let getChannel = Operation(
        id: "getChannel", summary: "Show a channel", tag: "Channels",
        success: .json("Channel", example: Examples.runningProd), failures: [.channel])

    fileprivate static let deleteChannel = Operation(
        id: "deleteChannel", summary: "Delete a channel; prod goes only with its app", tag: "Channels",
        scopes: [.channel], success: .nothing,
        failures: [
            Failure(.invalid, "Attempted to delete the prod channel"), .scope(.channel), .channel,
        ])
}
