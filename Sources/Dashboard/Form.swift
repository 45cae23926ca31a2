import Core
import Foundation
import Hummingbird

/// The fields of an `application/x-www-form-urlencoded` body (WHATWG URL, "application/x-www-form-urlencoded parsing").
struct Form {
    private let fields: [String: String]

    /// Throws `.tooLarge` over `limit` bytes.
    init(_ request: Request, limit: Int) async throws {
        let body: String
        do {
            body = String(buffer: try await request.body.collect(upTo: limit))
        } catch {
            throw PlatformError(.tooLarge, "the form is too large")
        }
        var fields: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? ""
            }
            fields[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        self.fields = fields
    }

    subscript(name: String) -> String? { fields[name] }
}
