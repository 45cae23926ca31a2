import Core
import Foundation

/// A request's JSON object. Fields that nobody asks for are ignored; `null` is the same as absent.
struct JSONObject {
    private let members: [String: Any]

    init() { members = [:] }

    /// Throws `.invalid` unless `data` is one JSON object in UTF-8 (RFC 8259).
    init(parsing data: Data) throws(PlatformError) {
        guard String(validating: data, as: UTF8.self) != nil else { throw .invalid("the body is not valid UTF-8") }
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw .invalid(data.isEmpty ? "a JSON body is required" : "the body is not valid JSON")
        }
        guard let members = parsed as? [String: Any] else { throw .invalid("the body must be a JSON object") }
        self.members = members
    }

    func string(_ name: String) throws(PlatformError) -> String {
        guard let value = try optionalString(name) else { throw .invalid("\(name) is required") }
        return value
    }

    func optionalString(_ name: String) throws(PlatformError) -> String? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let text = value as? String else { throw .invalid("\(name) must be a string") }
        return text
    }

    func optionalStrings(_ name: String) throws(PlatformError) -> [String]? {
        guard let value = members[name], !(value is NSNull) else { return nil }
        guard let list = value as? [String] else { throw .invalid("\(name) must be a list of strings") }
        return list
    }
}
