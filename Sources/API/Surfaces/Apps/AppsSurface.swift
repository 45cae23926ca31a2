import Control
import Core
import HTTPTypes

/// `/apps` (seed 000).
struct AppsSurface: Surface {
    let apps: AppService
    let address: PublicAddress
    /// Lists are long, and scripts that wait for a deploy ask for one app again and again.
    let answers: AnswerCache

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps", .listApps) { call in
                try await answers.answer(for: .init(user: call.principal.user.id)) { () async throws(PlatformError) in
                    let list = try await apps.list(by: call.principal)
                    return ["apps": .array(list.map { AppModel.json($0, address: address) })]
                }
            },
            Endpoint(.post, "/apps", .createApp) { call in
                try Policy.require(.repo, of: call.principal)
                let body = try await call.body()
                let app = try await apps.create(
                    name: try body.string("name"), template: try body.optionalString("template"), by: call.principal)
                return .json(AppModel.json(app, address: address))
            },
            Endpoint(.get, "/apps/{app_id}", .getApp) { call in
                guard let id: ID<App> = call.id("app_id") else {
                    throw PlatformError.notFound("app")
                }
                return try await answers.answer(for: .init(user: call.principal.user.id, app: id)) {
                    () async throws(PlatformError) in
                    AppModel.json(try await apps.get(id, by: call.principal), address: address)
                }
            },
            Endpoint(.delete, "/apps/{app_id}", .deleteApp) { call in
                try await apps.delete(call.id("app_id"), by: call.principal)
                return .nothing
            },
            Endpoint(.get, "/apps/{app_id}/protected-branches", .listProtectedBranches) { call in
                let app = try await apps.get(call.id("app_id"), by: call.principal).app
                return .json(Self.json(app.protectedBranches.sorted { $0.rawValue < $1.rawValue }))
            },
            Endpoint(.put, "/apps/{app_id}/protected-branches", .setProtectedBranches) { call in
                try Policy.require(.repo, of: call.principal)
                _ = try await apps.get(call.id("app_id"), by: call.principal)
                guard let names = try await call.body().optionalStrings("branches") else {
                    throw PlatformError.invalid("branches is required")
                }
                return .json(Self.json(try await apps.protect(names, of: call.id("app_id"), by: call.principal)))
            },
        ]
    }
}

extension AppsSurface {
    fileprivate static func json(_ branches: [BranchName]) -> JSONValue {
        ["branches": .array(branches.map { .string($0.rawValue) })]
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

extension Operation {
    fileprivate static let listApps = Operation(
        id: "listApps", summary: "List all apps owned by the authenticated user", tag: "Apps",
        success: .json("AppList", example: ["apps": [Examples.app(Examples.runningProd)]]))

    fileprivate static let createApp = Operation(
        id: "createApp", summary: "Create an app with its git repository and its prod channel", tag: "Apps",
        scopes: [.repo],
        body: Body(schema: "NewApp", isRequired: true, example: ["name": "my-site", "template": "static"]),
        success: .json("App", example: Examples.app(Examples.prod(sha: nil, status: "provisioning"))),
        failures: Failure.body("Invalid name, reserved prefix, name taken, or invalid template") + [.scope(.repo)])

    fileprivate static let getApp = Operation(
        id: "getApp", summary: "Show an app", tag: "Apps",
        success: .json("App", example: Examples.app(Examples.runningProd)), failures: [.app])

    fileprivate static let deleteApp = Operation(
        id: "deleteApp", summary: "Delete an app with its containers, repository, routes and schemas", tag: "Apps",
        scopes: [.repo], success: .nothing, failures: [.app, .scope(.repo)])

    fileprivate static let listProtectedBranches = Operation(
        id: "listProtectedBranches", summary: "List the branches that pushes may only advance", tag: "Apps",
        isExtension: true, success: .json("ProtectedBranches", example: ["branches": ["main"]]), failures: [.app])

    fileprivate static let setProtectedBranches = Operation(
        id: "setProtectedBranches",
        summary: "Say which branches pushes may only advance, neither move elsewhere nor delete", tag: "Apps",
        scopes: [.repo], isExtension: true,
        body: Body(schema: "ProtectedBranches", isRequired: true, example: ["branches": ["main"]]),
        success: .json("ProtectedBranches", example: ["branches": ["main"]]),
        failures: Failure.body("A name that is no branch's, or too many") + [.app, .scope(.repo)])
}
