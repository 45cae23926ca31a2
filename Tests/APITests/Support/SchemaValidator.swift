import Foundation

/// Checks values against as much of JSON Schema as the description uses. An unknown word is a problem, so that nothing is
/// passed over.
struct SchemaValidator {
    let schemas: [String: Any]

    private static let known: Set<String> = [
        "$ref", "type", "required", "properties", "items", "enum", "pattern", "minLength", "maxLength", "minimum",
        "maximum", "format", "default", "description", "maxItems",
    ]

    /// What is wrong, with the place; empty when nothing is.
    func problems(_ value: Any, _ schema: Any, at place: String = "$") -> [String] {
        guard let schema = schema as? [String: Any] else { return ["\(place): the schema is no object"] }
        if let reference = schema["$ref"] as? String {
            let name = reference.replacing("#/components/schemas/", with: "")
            return problems(value, schemas[name] ?? "", at: place)
        }
        var found = schema.keys.filter { !Self.known.contains($0) }.map { "\(place): unknown word \($0)" }
        let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
        guard types.contains(where: { Self.has(value, $0) }) else { return ["\(place): is no \(types)"] }
        if value is NSNull { return found }
        if let allowed = schema["enum"] as? [Any], !allowed.contains(where: { Self.isEqual($0, value) }) {
            found.append("\(place): \(value) is not among \(allowed)")
        }
        switch value {
        case let text as String: found += problems(text, schema, place)
        case let list as [Any]:
            if let limit = schema["maxItems"] as? Int, let list = value as? [Any], list.count > limit {
                found.append("\(place): more than \(limit) items")
            }
            guard let items = schema["items"] else { break }
            for (index, element) in list.enumerated() { found += problems(element, items, at: "\(place)[\(index)]") }
        case let object as [String: Any]: found += problems(object, schema, place)
        case let number as NSNumber:
            if let minimum = schema["minimum"] as? NSNumber, number.doubleValue < minimum.doubleValue {
                found.append("\(place): \(number) is below \(minimum)")
            }
            if let maximum = schema["maximum"] as? NSNumber, number.doubleValue > maximum.doubleValue {
                found.append("\(place): \(number) is above \(maximum)")
            }
        default: break
        }
        return found
    }

    private func problems(_ object: [String: Any], _ schema: [String: Any], _ place: String) -> [String] {
        let members = schema["properties"] as? [String: Any] ?? [:]
        var found = ((schema["required"] as? [String]) ?? []).filter { object[$0] == nil }.map {
            "\(place): \($0) is missing"
        }
        for (name, member) in object {
            guard let schema = members[name] else {
                // The open answers are described as any object.
                if !members.isEmpty { found.append("\(place): \(name) is not described") }
                continue
            }
            found += problems(member, schema, at: "\(place).\(name)")
        }
        return found
    }

    private func problems(_ text: String, _ schema: [String: Any], _ place: String) -> [String] {
        var found: [String] = []
        let length = text.unicodeScalars.count
        if let least = schema["minLength"] as? Int, length < least {
            found.append("\(place): fewer than \(least) characters")
        }
        if let most = schema["maxLength"] as? Int, length > most {
            found.append("\(place): more than \(most) characters")
        }
        if let pattern = schema["pattern"] as? String, text.range(of: pattern, options: .regularExpression) == nil {
            found.append("\(place): \(text) does not match \(pattern)")
        }
        switch schema["format"] as? String {
        case "uuid": if UUID(uuidString: text) == nil || text != text.lowercased() { found.append("\(place): no UUID") }
        case "date-time":
            let pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
            if text.range(of: pattern, options: .regularExpression) == nil { found.append("\(place): no time") }
        case "uri": if URL(string: text)?.scheme == nil { found.append("\(place): no address") }
        default: break
        }
        return found
    }

    private static func has(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "null": value is NSNull
        case "string": value is String
        case "object": value is [String: Any]
        case "array": value is [Any]
        // Only truth values are both.
        case "boolean": value is Bool && !(value is String)
        case "integer": (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
        case "number": value is NSNumber
        default: false
        }
    }

    private static func isEqual(_ one: Any, _ other: Any) -> Bool {
        switch (one, other) {
        case (is NSNull, is NSNull): true
        case (let one as String, let other as String): one == other
        case (let one as [String], let other as [String]): one == other
        default: false
        }
    }
}
