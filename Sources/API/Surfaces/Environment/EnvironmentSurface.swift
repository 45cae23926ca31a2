import Control
import Core
import HTTPTypes

/// `/apps/{app}/env` (seed 000). There is no way to read a value back.
struct EnvironmentSurface: Surface {
    let environment: EnvironmentService

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/apps/{app}/env") { call in
                try await environment.checkAccess(app: call.id("app"), by: call.principal)
                let body = try await call.body()
                try await environment.set(
                    try body.string("key"), value: try body.string("value"), app: call.id("app"), by: call.principal)
                return .nothing
            },
            Endpoint(.delete, "/apps/{app}/env/{key}") { call in
                try await environment.remove(call.text("key"), app: call.id("app"), by: call.principal)
                return .nothing
            },
        ]
    }
}
