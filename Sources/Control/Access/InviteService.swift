import Core
import Crypto
import Foundation

/// An invite in the moment it is made: the only time that its code exists.
public struct MintedInvite: Sendable {
    public let invite: Invite
    public let code: String
}

/// Makes, lists, takes back and redeems invites.
public struct InviteService: Sendable {
    /// Hours that an invite holds.
    public static let hours = 1...720
    public static let usualHours = 72

    private let invites: any InviteStore
    private let users: UserService
    private let tokens: TokenService
    private let now: WallClock

    init(invites: any InviteStore, users: UserService, tokens: TokenService, now: @escaping WallClock) {
        self.invites = invites
        self.users = users
        self.tokens = tokens
        self.now = now
    }

    /// Every invite, used and expired ones too, oldest first; for an administrator.
    public func list(by principal: Principal) async throws(PlatformError) -> [Invite] {
        try await users.requireAdmin(principal)
        return try await invites.invites()
    }

    /// Throws `.invalid` for a bad label or time.
    public func make(
        label: String?, hours: Int?, by principal: Principal
    ) async throws(PlatformError) -> MintedInvite {
        try await users.requireAdmin(principal)
        try TokenService.check(label: label)
        let hours = hours ?? Self.usualHours
        guard Self.hours.contains(hours) else {
            throw .invalid(
                "expires_in_hours must be from \(Self.hours.lowerBound) to \(Self.hours.upperBound), not \(hours)")
        }
        let code = Self.makeCode()
        let invite = Invite(
            digest: TokenText.digest(of: code), label: label, createdBy: principal.user.id, createdAt: now(),
            expiresAt: now().addingTimeInterval(Double(hours) * 3600))
        try await invites.insert(invite)
        return MintedInvite(invite: invite, code: code)
    }

    /// Takes an invite back. Throws `.notFound`.
    public func delete(_ id: ID<Invite>?, by principal: Principal) async throws(PlatformError) {
        try await users.requireAdmin(principal)
        guard let id, try await invites.delete(id) else { throw .notFound("invite") }
    }

    /// Makes a user out of an invite's code, which is used up then. Throws `.tokenInvalid` for a code that is unknown,
    /// used or expired, `.invalid` for a bad name, `.conflict` for a taken one; the invite can be used again after those.
    public func redeem(
        _ code: String, name: String
    ) async throws(PlatformError) -> (user: User, token: MintedToken) {
        let user = User(name: try UserName(name), isAdmin: false, createdAt: now())
        try await invites.redeem(TokenText.digest(of: code), for: user, at: now())
        return (user, try await tokens.issue(to: user, label: "first token", scopes: Scope.standard))
    }

    /// 192 random bits in URL-safe characters.
    private static func makeCode() -> String {
        let random = SymmetricKey(size: .init(bitCount: 192)).withUnsafeBytes { Data($0) }
        return "xh_invite_"
            + random.base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(
                of: "/", with: "_")
    }
}
