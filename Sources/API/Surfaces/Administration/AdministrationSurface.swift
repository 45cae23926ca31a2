import Control
import Core
import HTTPTypes

/// `/admin/users` and `/admin/invites`: for administrators.
struct AdministrationSurface: Surface {
    let users: UserService
    let invites: InviteService

    var endpoints: [Endpoint] { userEndpoints + inviteEndpoints }

    private var userEndpoints: [Endpoint] {
        [
            Endpoint(.get, "/admin/users", .listUsers) { call in
                let list = try await users.list(by: call.principal)
                return .json(["users": .array(list.map(UserModel.json))])
            },
            Endpoint(.post, "/admin/users", .createUser) { call in
                try await users.requireAdmin(call.principal)
                let body = try await call.body()
                let (user, token) = try await users.add(
                    name: try body.string("username"), isAdmin: try body.optionalBoolean("is_admin") ?? false,
                    by: call.principal)
                return .json(["user": UserModel.json(user), "token": .string(token.plaintext)])
            },
        ]
    }

    private var inviteEndpoints: [Endpoint] {
        [
            Endpoint(.get, "/admin/invites", .listInvites) { call in
                let list = try await invites.list(by: call.principal)
                return .json(["invites": .array(list.map(InviteModel.json))])
            },
            Endpoint(.post, "/admin/invites", .createInvite) { call in
                try await users.requireAdmin(call.principal)
                let body = try await call.body(isOptional: true)
                let minted = try await invites.make(
                    label: try body.optionalString("label"), hours: try body.optionalInteger("expires_in_hours"),
                    by: call.principal)
                return .json(["invite": InviteModel.json(minted.invite), "code": .string(minted.code)])
            },
            Endpoint(.delete, "/admin/invites/{invite_id}", .deleteInvite) { call in
                try await invites.delete(call.id("invite_id"), by: call.principal)
                return .nothing
            },
        ]
    }
}

/// An invite on the wire, without its code, which nobody has any more.
enum InviteModel {
    static func json(_ invite: Invite) -> JSONValue {
        [
            "invite_id": .string(invite.id.description),
            "label": .optional(invite.label),
            "created_at": .string(Timestamp.string(from: invite.createdAt)),
            "expires_at": .string(Timestamp.string(from: invite.expiresAt)),
            "used_at": .optional(invite.usedAt.map(Timestamp.string)),
        ]
    }
}

extension Operation {
    fileprivate static let listUsers = Operation(
        id: "listUsers", summary: "List every user", tag: "Administration", scopes: Scope.standard,
        isExtension: true, success: .json("UserList", example: ["users": [Examples.user]]),
        failures: Failure.admin + [.minting])

    fileprivate static let createUser = Operation(
        id: "createUser", summary: "Add a user, with a first token that is returned once", tag: "Administration",
        scopes: Scope.standard, isExtension: true,
        body: Body(schema: "NewUser", isRequired: true, example: ["username": "bob", "is_admin": false]),
        success: .json(
            "CreatedUser",
            example: [
                "user": [
                    "user_id": "16fd2706-8baf-433b-82eb-8c7fada847da", "username": "bob", "is_admin": false,
                    "created_at": .string(Examples.time),
                ],
                "token": "xh_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM",
            ]),
        failures: Failure.body("Invalid or taken username") + Failure.admin + [.minting])

    fileprivate static let listInvites = Operation(
        id: "listInvites", summary: "List every invite that was not taken back", tag: "Administration",
        scopes: Scope.standard, isExtension: true,
        success: .json("InviteList", example: ["invites": [Examples.invite]]), failures: Failure.admin + [.minting])

    fileprivate static let createInvite = Operation(
        id: "createInvite", summary: "Make an invite; its code is returned once and can be used once",
        tag: "Administration", scopes: Scope.standard, isExtension: true,
        body: Body(schema: "NewInvite", isRequired: false, example: ["label": "for bob", "expires_in_hours": 72]),
        success: .json(
            "CreatedInvite",
            example: ["invite": Examples.invite, "code": "xh_invite_0123456789abcdefghijklmnopqrstuv"]),
        failures: Failure.body("Invalid label or expires_in_hours") + Failure.admin + [.minting])

    fileprivate static let deleteInvite = Operation(
        id: "deleteInvite", summary: "Take an invite back", tag: "Administration", scopes: Scope.standard,
        isExtension: true, success: .nothing,
        failures: Failure.admin + [.minting, Failure(.notFound, "Invite not found")])
}

extension Operation.Failure {
    fileprivate static let minting = Self(.scopeDenied, "Token lacks one of the default scopes")
}
