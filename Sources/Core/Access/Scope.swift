/// What a token may do (seed 000, "Token scopes").
public enum Scope: String, Sendable, CaseIterable, Codable {
    /// Create and manage apps, push.
    case repo = "repo:*"
    /// Trigger deploys, manage env values.
    case deploy = "deploy:*"
    /// Create and delete channels.
    case channel = "channel:*"
    /// Reserved by the contract; cannot be requested.
    case database = "db:*"

    /// What every token minted through the API holds, in the contract's order.
    public static let standard: [Scope] = [.repo, .deploy, .channel]

    /// Reads a comma-separated list such as `repo:*,deploy:*`.
    public static func list(_ text: String) throws(PlatformError) -> [Scope] {
        var scopes: [Scope] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.trimming { $0 == " " }
            guard let scope = Scope(rawValue: String(name)) else {
                let known = standard.map(\.rawValue).joined(separator: ", ")
                throw .invalid("scope \"\(name)\" does not exist; the scopes are \(known)")
            }
            guard scope != .database else { throw PlatformError(.scopeReserved, "scope db:* is reserved") }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> Substring {
        var part = drop(while: isTrimmed)
        while let last = part.last, isTrimmed(last) { part.removeLast() }
        return part
    }
}
