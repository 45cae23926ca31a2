import Core
import Foundation

/// What a request presented: HTTP Basic (RFC 7617) or a bearer token (RFC 6750).
enum GitAuthentication {
    /// `nil` when the header is missing or is neither.
    static func credentials(_ header: String?) -> GitCredentials? {
        guard let header, header.utf8.count <= 8192, let space = header.firstIndex(of: " ") else { return nil }
        let value = header[space...].drop { $0 == " " }
        switch header[..<space].lowercased() {
        case "basic":
            guard let data = Data(base64Encoded: String(value)), let text = String(data: data, encoding: .utf8),
                let colon = text.firstIndex(of: ":")
            else { return nil }
            return GitCredentials(userName: String(text[..<colon]), token: String(text[text.index(after: colon)...]))
        case "bearer": return value.isEmpty ? nil : GitCredentials(userName: nil, token: String(value))
        default: return nil
        }
    }
}
