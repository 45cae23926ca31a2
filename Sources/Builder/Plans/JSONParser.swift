/// Reads JSON strictly, as `JSON.parse` of node does (RFC 8259), and says where a mistake is. A byte order mark at the
/// start is passed over, as npm does. The last of two members of one name counts.
struct JSONParser {
    /// Lists and objects within one another.
    private static let depthLimit = 256
    /// More than any lock file has. Each takes many times the memory of the byte or two that it may be written with.
    private static let valueLimit = 1_000_000

    private let bytes: [UInt8]
    private let valueLimit: Int
    private var position = 0
    private var values = 0

    /// - Parameter valueLimit: texts, numbers, lists, objects and so on that there may be.
    static func parse(_ bytes: [UInt8], valueLimit: Int = Self.valueLimit) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, valueLimit: valueLimit)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { parser.position = 3 }
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.error("expected the end of the file") }
        return value
    }

    private init(bytes: [UInt8], valueLimit: Int) {
        self.bytes = bytes
        self.valueLimit = valueLimit
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < Self.depthLimit else { throw error("lists and objects are nested too deep") }
        values += 1
        guard values <= valueLimit else { throw error("more than \(valueLimit) values") }
        skipSpace()
        guard let byte = next else { throw error("the file ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("expected a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("expected a name in double quotes") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw error("expected : after the name") }
            members[name] = try value(depth: depth + 1)
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw error("expected , or }") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("expected , or ]") }
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = text.utf8CodeUnitCount
        let isThere = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard isThere else { throw error("expected a value") }
        position += count
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var start = position
        var text = ""
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                text += try piece(from: start)
                position += 1
                return text
            } else if byte == UInt8(ascii: "\\") {
                text += try piece(from: start)
                text.unicodeScalars.append(try escape())
                start = position
            } else if byte < 0x20 {
                throw error("a control character or line end inside a text")
            } else {
                position += 1
            }
        }
        throw error("the file ends inside a text")
    }

    private func piece(from start: Int) throws(JSONError) -> String {
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw error("a text is not UTF-8")
        }
        return text
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        position += 1
        let byte = next
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            position -= 1
            throw error("unknown escape")
        }
    }

    /// A surrogate without its other half is read as U+FFFD, as `JSON.parse` and a conversion to UTF-8 come to.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let unit = try hexUnit()
        guard UTF16.isLeadSurrogate(unit) else { return Unicode.Scalar(unit) ?? "\u{fffd}" }
        let mark = position
        if take("\\"), take("u") {
            let trail = try hexUnit()
            if UTF16.isTrailSurrogate(trail) {
                return Unicode.Scalar(0x10000 + (UInt32(unit - 0xd800) << 10) + UInt32(trail - 0xdc00)) ?? "\u{fffd}"
            }
        }
        position = mark
        return "\u{fffd}"
    }

    private mutating func hexUnit() throws(JSONError) -> UInt16 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Self.isHex($0) }),
            let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw error("expected four hex digits") }
        position = end
        return unit
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private func error(_ message: String) -> JSONError {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == 0x0a } + 1
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return JSONError(line: line, column: before.count - lineStart + 1, message: message)
    }
}
