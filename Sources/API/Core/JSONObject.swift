import Core

/// A request's JSON object. Fields that nobody asks for are ignored; `null` is the same as absent; of a name that is there
/// twice the last one counts.
struct JSONObject {
    private let members: [String: JSONValue]

    init() { members = [:] }

    /// Throws `.invalid` unless `bytes` are one JSON object in UTF-8 (RFC 8259).
    init(parsing bytes: [UInt8]) throws(PlatformError) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .invalid("the body is not valid UTF-8") }
        let parsed: JSONValue
        do throws(JSONReader.Fault) {
            parsed = try JSONReader.parse(bytes)
        } catch {
            guard !bytes.isEmpty else { throw .invalid("a JSON body is required") }
            let place = error.offset < bytes.count ? "byte \(error.offset + 1) is wrong" : "it ends too early"
            throw .invalid("the body is not valid JSON: \(place)")
        }
        guard case .object(let members) = parsed else {
            throw .invalid("the body must be a JSON object, not \(parsed.kind)")
        }
        self.members = Dictionary(members) { $1 }
    }

    func string(_ name: String) throws(PlatformError) -> String {
        guard let value = try optionalString(name) else { throw .invalid("\(name) is required") }
        return value
    }

    func optionalString(_ name: String) throws(PlatformError) -> String? {
        switch members[name] {
        case nil, .null: nil
        case .string(let text): text
        case .some(let other): throw .invalid("\(name) must be a string, not \(other.kind)")
        }
    }

    func optionalStrings(_ name: String) throws(PlatformError) -> [String]? {
        switch members[name] {
        case nil, .null: return nil
        case .array(let elements):
            var list: [String] = []
            for element in elements {
                guard case .string(let text) = element else {
                    throw .invalid("\(name) must be a list of strings: element \(list.count + 1) is \(element.kind)")
                }
                list.append(text)
            }
            return list
        case .some(let other): throw .invalid("\(name) must be a list of strings, not \(other.kind)")
        }
    }

    func optionalBoolean(_ name: String) throws(PlatformError) -> Bool? {
        switch members[name] {
        case nil, .null: nil
        case .boolean(let flag): flag
        case .some(let other): throw .invalid("\(name) must be true or false, not \(other.kind)")
        }
    }

    func optionalInteger(_ name: String) throws(PlatformError) -> Int? {
        switch members[name] {
        case nil, .null: return nil
        case .integer(let number): return number
        // 72.0 is the same number as 72 (JSON has no kinds of numbers).
        case .decimal(let number):
            guard let whole = Int(exactly: number) else {
                throw .invalid("\(name) must be a whole number, not \(number)")
            }
            return whole
        case .some(let other): throw .invalid("\(name) must be a whole number, not \(other.kind)")
        }
    }
}

extension JSONValue {
    /// What it is, to whoever sent it.
    fileprivate var kind: String {
        switch self {
        case .object, .encoded: "an object"
        case .array: "a list"
        case .string: "a string"
        case .integer, .decimal: "a number"
        case .boolean(let flag): flag ? "true" : "false"
        case .null: "null"
        }
    }
}
