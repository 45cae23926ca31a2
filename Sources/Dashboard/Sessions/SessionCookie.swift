import Core
import HTTPTypes

/// The session's cookie (RFC 6265): for this host only, unreadable to scripts, never sent from another site.
///
/// Sites of strangers live below the dashboard's own domain and may set cookies for it. Over https the `__Host-` prefix
/// (RFC 6265bis 4.1.3.2) makes browsers refuse that; without it a cookie that came twice is not believed.
struct SessionCookie: Sendable {
    let name: String
    private let attributes: String

    init(_ address: PublicAddress) {
        let isSecure = address.scheme == "https"
        name = isSecure ? "__Host-berth_session" : "berth_session"
        attributes = "Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    func set(_ secret: String) -> String { "\(name)=\(secret); \(attributes)" }
    func clear() -> String { "\(name)=; Max-Age=0; \(attributes)" }

    /// The secret that the client presents; `nil` when there is none or more than one.
    func secret(in headers: HTTPFields) -> String? {
        var found: [String] = []
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.drop { $0 == " " }
                    .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0] == name { found.append(String(parts[1])) }
            }
        }
        return found.count == 1 ? found[0] : nil
    }
}
