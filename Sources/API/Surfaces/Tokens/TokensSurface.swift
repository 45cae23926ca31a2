import Control
import Core
import HTTPTypes

/// `/tokens` (seed 000).
struct TokensSurface: Surface {
    let tokens: TokenService

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/tokens", .listTokens) { call in
                let list = try await tokens.list(by: call.principal)
                return .json(["tokens": .array(list.map(TokenModel.json))])
            },
            Endpoint(.post, "/tokens", .createToken) { call in
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
            Endpoint(.delete, "/tokens/{token_id}", .revokeToken) { call in
                try await tokens.revoke(call.id("token_id"), by: call.principal)
                return .nothing
            },
        ]
    }
}

/// A token on the wire, without its plaintext, which nobody has any more.
enum TokenModel {
    static func json(_ token: Token) -> JSONValue {
        [
            "token_id": .string(token.id.description),
            "label": .optional(token.label),
            "scopes": .array(token.scopes.map { .string($0.rawValue) }),
            "created_at": .string(Timestamp.string(from: token.createdAt)),
            "last_used_at": .optional(token.lastUsedAt.map(Timestamp.string)),
        ]
    }
}

extension Operation {
    fileprivate static let listTokens = Operation(
        id: "listTokens", summary: "List your tokens that are not revoked", tag: "Tokens", isExtension: true,
        success: .json("TokenList", example: ["tokens": [Examples.token]]))

    fileprivate static let createToken = Operation(
        id: "createToken", summary: "Create an API token; the plaintext is returned once", tag: "Tokens",
        scopes: Scope.standard, body: Body(schema: "NewToken", isRequired: false, example: ["label": "ci"]),
        success: .json(
            "CreatedToken",
            example: [
                "token_id": .string(Examples.tokenID),
                "plaintext": "xh_live_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE3mRItp",
                "scopes": Examples.scopes, "label": "ci", "created_at": "2026-04-22T11:00:00Z",
            ]),
        failures: Failure.body("Invalid label, or scopes other than the default ones") + [
            Failure(.scopeReserved, "scopes holds db:*"),
            Failure(.scopeDenied, "Token lacks one of the default scopes, so it may not mint"),
        ])

    fileprivate static let revokeToken = Operation(
        id: "revokeToken", summary: "Revoke a token, at once", tag: "Tokens", success: .nothing,
        failures: [Failure(.notFound, "Token not found or not owned by the caller")])
}
