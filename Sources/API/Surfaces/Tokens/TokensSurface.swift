import Control
import Core
import HTTPTypes

/// `/tokens` (seed 000).
struct TokensSurface: Surface {
    let tokens: TokenService

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/tokens") { call in
                try Policy.requireMinting(call.principal)
                let body = try await call.body(isOptional: true)
                let minted = try await tokens.mint(
                    label: try body.optionalString("label"), scopes: try body.optionalStrings("scopes"),
                    by: call.principal)
                return .json([
                    "token_id": .string(minted.token.id.description),
                    "plaintext": .string(minted.plaintext),
                    "scopes": .array(minted.token.scopes.map { .string($0.rawValue) }),
                    "label": .optional(minted.token.label),
                    "created_at": .string(Timestamp.string(from: minted.token.createdAt)),
                ])
            },
            Endpoint(.delete, "/tokens/{token}") { call in
                try await tokens.revoke(call.id("token"), by: call.principal)
                return .nothing
            },
        ]
    }
}
