/// An answer that is not a success.
struct APIError: Error, CustomStringConvertible {
    let status: Int
    /// The contract's code, such as `not_found`; `nil` when the answer is not the platform's.
    let code: String?
    let message: String

    var description: String {
        switch code {
        case "auth_required", "token_invalid", "token_revoked": "\(message). Log in again with: berth login"
        case .some(let code): "\(message) (\(code))"
        case nil: message
        }
    }
}
