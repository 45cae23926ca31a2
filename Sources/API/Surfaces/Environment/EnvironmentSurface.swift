import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/env` (seed 000). There is no way to read a value back.
struct EnvironmentSurface: Surface {
    let environment: EnvironmentService

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/env", .listVariables) { call in
                let names = try await environment.names(app: call.id("app_id"), by: call.principal)
                return .json(["keys": .array(names.map { .string($0) })])
            },
            Endpoint(.post, "/apps/{app_id}/env", .setVariable) { call in
                try await environment.checkAccess(app: call.id("app_id"), by: call.principal)
                let body = try await call.body()
                try await environment.set(
                    try body.string("key"), value: try body.string("value"), app: call.id("app_id"),
                    by: call.principal)
                return .nothing
            },
            Endpoint(.delete, "/apps/{app_id}/env/{key}", .removeVariable) { call in
                try await environment.remove(call.text("key"), app: call.id("app_id"), by: call.principal)
                return .nothing
            },
        ]
    }
}

extension Operation {
    fileprivate static let listVariables = Operation(
        id: "listVariables", summary: "List the names of an app's variables; no endpoint gives values",
        tag: "Environment", isExtension: true,
        success: .json("VariableNames", example: ["keys": ["STRIPE_SECRET_KEY"]]), failures: [.app])

    fileprivate static let setVariable = Operation(
        id: "setVariable", summary: "Set an environment variable, from the next deploy on", tag: "Environment",
        scopes: [.deploy],
        body: Body(
            schema: "NewVariable", isRequired: true,
            example: ["key": "STRIPE_SECRET_KEY", "value": "sk_live_..."]),
        success: .nothing,
        failures: Failure.body("Invalid key format, reserved key, or a value that is too long or holds a NUL") + [
            .scope(.deploy), .app,
        ])

    fileprivate static let removeVariable = Operation(
        id: "removeVariable", summary: "Delete an environment variable, from the next deploy on", tag: "Environment",
        scopes: [.deploy], success: .nothing,
        failures: [.scope(.deploy), Failure(.notFound, "App or variable not found")])
}
