import Control
import Core
import HTTPTypes

/// `/me`.
struct AccountSurface: Surface {
    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/me", .getAccount) { call in
                let scopes = Scope.allCases.filter { call.principal.scopes.contains($0) }
                return .json([
                    "user": UserModel.json(call.principal.user),
                    "token": [
                        "token_id": .string(call.principal.token.description),
                        "scopes": .array(scopes.map { .string($0.rawValue) }),
                    ],
                ])
            }
        ]
    }
}

extension Operation {
    fileprivate static let getAccount = Operation(
        id: "getAccount", summary: "Tell who the token belongs to and what it may do", tag: "Account",
        isExtension: true,
        success: .json(
            "Account",
            example: [
                "user": Examples.user, "token": ["token_id": .string(Examples.tokenID), "scopes": Examples.scopes],
            ]))
}
