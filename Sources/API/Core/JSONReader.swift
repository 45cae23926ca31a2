/// Reads JSON text in UTF-8 strictly (RFC 8259), into a bounded depth.
struct JSONReader {
    /// What is wrong, with the byte where it was noticed.
    struct Fault: Error {
        let offset: Int
    }

    static let maximumDepth = 64

    private let bytes: [UInt8]
    private var offset = 0

    /// Reads one value and nothing after it. The bytes are valid UTF-8.
    static func parse(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.offset == bytes.count else { throw reader.fault }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var fault: Fault { Fault(offset: offset) }
    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func value(depth: Int) throws(Fault) -> JSONValue {
        guard depth < Self.maximumDepth else { throw fault }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(Fault) -> JSONValue {
        offset += 1
        var members: [(String, JSONValue)] = []
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault }
            let name = try string()
            skipSpace()
            guard take(":") else { throw fault }
            skipSpace()
            members.append((name, try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw fault }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Fault) -> JSONValue {
        offset += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        repeat {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw fault }
        return .array(elements)
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Fault) -> JSONValue {
        guard bytes[offset...].starts(with: text.utf8) else { throw fault }
        offset += text.utf8.count
        return value
    }

    private mutating func number() throws(Fault) -> JSONValue {
        let start = offset
        _ = take("-")
        guard let first = next, isDigit(first) else { throw fault }
        skipDigits()
        // No number begins with a zero that is not all of it.
        if first == UInt8(ascii: "0"), offset > start + (bytes[start] == UInt8(ascii: "-") ? 2 : 1) { throw fault }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard let digit = next, isDigit(digit) else { throw fault }
            skipDigits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard let digit = next, isDigit(digit) else { throw fault }
            skipDigits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let number = Int(text) { return .integer(number) }
        return .decimal(Double(text) ?? .infinity)
    }

    private mutating func string() throws(Fault) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw fault
            default: text.append(byte)
            }
        }
        throw fault
    }

    private mutating func escape(into text: inout [UInt8]) throws(Fault) {
        guard let byte = next else { throw fault }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try hexadecimal()
            var value = UInt32(unit)
            // A character beyond the first 65,536 is written as two halves; one alone is no character.
            if (0xd800..<0xdc00).contains(unit) {
                guard take("\\"), take("u") else { throw fault }
                let low = try hexadecimal()
                guard (0xdc00..<0xe000).contains(low) else { throw fault }
                value = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw fault }
            text.append(contentsOf: String(scalar).utf8)
        default: throw fault
        }
    }

    private mutating func hexadecimal() throws(Fault) -> UInt16 {
        guard offset + 4 <= bytes.count else { throw fault }
        var value: UInt16 = 0
        for byte in bytes[offset..<offset + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw fault }
            value = value << 4 | UInt16(digit)
        }
        offset += 4
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipDigits() { while let byte = next, isDigit(byte) { offset += 1 } }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
