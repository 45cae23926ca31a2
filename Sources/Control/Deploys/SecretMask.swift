import Core

/// Hides the values of an app's variables in the lines that its own programs write, also where they stand in base64, in
/// hexadecimal digits or percent-encoded. Compares bytes: two spellings that Unicode holds equal are different secrets.
struct SecretMask: Sendable {
    /// Shorter values (`1`, `true`, `info`) stand in ordinary text too often to be hidden.
    static let minimumLength = 8
    /// Long lines are cut, so of a long value this many bytes are enough to know it by.
    static let recognisedLength = 64
    static let replacement = Array("[hidden]".utf8)
    /// Variables that tell nothing that the log does not say anyway.
    private static let open: Set<String> = ["XHOST_USER", "XHOST_SHA", "DATABASE_HOST"]

    /// By first byte; longest first, so that a value within another does not leave half of it.
    private let values: [[[UInt8]]]
    private let isEmpty: Bool

    init(_ environment: [String: String]) {
        let secrets = environment.filter { !Self.open.contains($0.key) }.values
        // A log has lines, so a value of several lines is hidden line by line, as it reads there.
        let lines = secrets.flatMap { $0.split(whereSeparator: \.isNewline) }.map(String.init)
        let plain = Set((lines + lines.map { LogText.harmless($0) }).map { Array($0.utf8) })
        // Encoded, a value of several lines is one text.
        let whole = Set(secrets.map { Array($0.utf8) }).union(plain)
        let spellings = plain.union(whole.filter { $0.count >= Self.minimumLength }.flatMap(SecretSpelling.encoded))
        var values = [[[UInt8]]](repeating: [], count: 256)
        for value in spellings where value.count >= Self.minimumLength { values[Int(value[0])].append(value) }
        self.values = values.map { bucket in
            bucket.sorted { $0.count != $1.count ? $0.count > $1.count : $0.lexicographicallyPrecedes($1) }
        }
        isEmpty = values.allSatisfy(\.isEmpty)
    }

    func hide(_ line: String) -> String {
        guard !isEmpty else { return line }
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var kept = 0
        var position = 0
        while position < bytes.count {
            guard let length = length(in: bytes, at: position) else {
                position += 1
                continue
            }
            result += bytes[kept..<position] + Self.replacement
            position += length
            kept = position
        }
        guard kept > 0 else { return line }
        return String(decoding: result + bytes[kept...], as: UTF8.self)
    }

    /// How many bytes from `start` on are one of the values, or a long one's beginning.
    private func length(in line: [UInt8], at start: Int) -> Int? {
        for value in values[Int(line[start])] {
            if let length = Self.match(value, in: line, at: start) { return length }
        }
        guard let first = Self.percentEncoded(in: line, at: start) else { return nil }
        for value in values[Int(first)] {
            if let length = Self.match(value, in: line, at: start) { return length }
        }
        return nil
    }

    /// Each byte may stand as it is or percent-encoded, as an encoder of URLs or of forms has chosen.
    private static func match(_ value: [UInt8], in line: [UInt8], at start: Int) -> Int? {
        var position = start
        for (index, byte) in value.enumerated() {
            if position < line.count, line[position] == byte {
                position += 1
            } else if percentEncoded(in: line, at: position) == byte {
                position += 3
            } else if byte == UInt8(ascii: " "), position < line.count, line[position] == UInt8(ascii: "+") {
                position += 1
            } else {
                return index >= recognisedLength ? position - start : nil
            }
        }
        return position - start
    }

    /// The byte that `%41` stands for (RFC 3986 section 2.1).
    private static func percentEncoded(in line: [UInt8], at position: Int) -> UInt8? {
        guard position + 2 < line.count, line[position] == UInt8(ascii: "%"),
            let high = digit(line[position + 1]), let low = digit(line[position + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
