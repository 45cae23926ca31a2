import Control
import Core
import HTTPTypes

/// `/apps` (seed 000).
struct AppsSurface: Surface {
    let apps: AppService
    let address: PublicAddress

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps") { call in
                let list = try await apps.list(by: call.principal)
                return .json(["apps": .array(list.map { AppModel.json($0, address: address) })])
            },
            Endpoint(.post, "/apps") { call in
                try Policy.require(.repo, of: call.principal)
                let body = try await call.body()
                let app = try await apps.create(
                    name: try body.string("name"), template: try body.optionalString("template"), by: call.principal)
                return .json(AppModel.json(app, address: address))
            },
            Endpoint(.get, "/apps/{app}") { call in
                .json(AppModel.json(try await apps.get(call.id("app"), by: call.principal), address: address))
            },
            Endpoint(.delete, "/apps/{app}") { call in
                try await apps.delete(call.id("app"), by: call.principal)
                return .nothing
            },
        ]
    }
}

/// An app on the wire (seed 000, `GET /apps`).
enum AppModel {
    static func json(_ overview: AppOverview, address: PublicAddress) -> JSONValue {
        let app = overview.app
        return [
            "id": .string(app.id.description),
            "name": .string(app.name.rawValue),
            "repo_url": .string(address.repositoryURL(user: app.ownerName, app: app.name)),
            "template": .string(app.template),
            "created_at": .string(Timestamp.string(from: app.createdAt)),
            "channels": .array(overview.channels.map { ChannelModel.json($0, address: address) }),
        ]
    }
}
