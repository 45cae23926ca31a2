import Control
import Core
import HTTPTypes

/// `/apps/{app}/channels` (seed 000).
struct ChannelsSurface: Surface {
    let channels: ChannelService
    let address: PublicAddress

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app}/channels") { call in
                let list = try await channels.list(app: call.id("app"), by: call.principal)
                return .json(.array(list.map { ChannelModel.json($0, address: address) }))
            },
            Endpoint(.post, "/apps/{app}/channels") { call in
                // A stranger's app must look like a missing one also when the body is wrong.
                try Policy.require(.channel, of: call.principal)
                _ = try await channels.list(app: call.id("app"), by: call.principal)
                let body = try await call.body()
                let channel = try await channels.create(
                    name: try body.string("name"), binding: try body.string("git_ref_binding"), app: call.id("app"),
                    by: call.principal)
                return .json(ChannelModel.json(channel, address: address))
            },
            Endpoint(.get, "/apps/{app}/channels/{channel}") { call in
                let channel = try await channels.get(call.id("channel"), app: call.id("app"), by: call.principal)
                return .json(ChannelModel.json(channel, address: address))
            },
            Endpoint(.delete, "/apps/{app}/channels/{channel}") { call in
                try await channels.delete(call.id("channel"), app: call.id("app"), by: call.principal)
                return .nothing
            },
        ]
    }
}
