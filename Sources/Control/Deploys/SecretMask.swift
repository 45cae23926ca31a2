import Core

/// Hides the values of an app's variables in the lines that its own programs write, also where they stand in base64, in
/// hexadecimal digits or percent-encoded. Compares bytes: two spellings that Unicode holds equal are different secrets.
struct SecretMask: Sendable {
    /// Shorter values (`1`, `true`, `info`) stand in ordinary text too often to be hidden.
    static let minimumLength = 8
    /// Long lines are cut, so of a long value this many bytes are enough to know it by.
    static let recognisedLength = 64
    /// What a cut leaves of a value at the edge of a line is hidden when it has so many bytes; fewer are found by chance.
    static let minimumPart = 4
    static let replacement = Array("[hidden]".utf8)
    /// Comparisons that a line gets for each of its bytes. Values may be many and all alike, and what writes lines is the app's
    /// own: rather is too much of a line hidden than that it holds up everybody.
    private static let patience = 1024
    /// Bytes that every line has in this respect.
    private static let shortestLine = 64
    /// Comparisons that the rest of a value at a line's beginning gets.
    private static let restPatience = 4 << 20
    /// Variables that tell nothing that the log does not say anyway.
    private static let open: Set<String> = ["XHOST_USER", "XHOST_SHA", "DATABASE_HOST"]

    /// By first byte; longest first, so that a value within another does not leave half of it.
    private let values: [[[UInt8]]]
    private let isEmpty: Bool

    init(_ environment: [String: String]) { self.init([environment]) }

    /// Hides what any of several sets of variables has.
    init(_ environments: [[String: String]]) {
        let secrets = environments.flatMap { $0.filter { !Self.open.contains($0.key) }.values }
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

    /// A program's line as it may be shown: harmless, and without the values, also where a cut went through one (`LineCut`).
    func shown(_ line: String) -> String {
        let parts = LineCut.parts(of: line)
        let text = hide(
            LogText.harmless(String(parts.text)), isContinued: !parts.start.isEmpty, goesOn: !parts.end.isEmpty)
        return parts.start.isEmpty && parts.end.isEmpty ? text : "\(parts.start)\(text)\(parts.end)"
    }

    /// - Parameters:
    ///   - isContinued: what comes before the line is elsewhere: it may begin with the rest of a value.
    ///   - goesOn: what comes after it is elsewhere: it may end with the beginning of a value.
    func hide(_ line: String, isContinued: Bool = false, goesOn: Bool = false) -> String {
        guard !isEmpty else { return line }
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var kept = 0
        var position = 0
        if isContinued, let length = lengthOfRest(in: bytes, goesOn: goesOn) {
            result = Self.replacement
            position = length
            kept = length
        }
        var left = Self.patience * max(bytes.count, Self.shortestLine)
        while position < bytes.count {
            let length = length(in: bytes, at: position, goesOn: goesOn, &left)
            guard left > 0 else {
                result += bytes[kept..<position] + Self.replacement
                kept = bytes.count
                break
            }
            guard let length else {
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

    /// How many bytes from `start` on are one of the values, or a long one's beginning. Not known once no comparison is left.
    private func length(in line: [UInt8], at start: Int, goesOn: Bool, _ left: inout Int) -> Int? {
        if let length = length(from: line[start], in: line, at: start, goesOn: goesOn, &left) { return length }
        guard let first = Self.percentEncoded(in: line, at: start) else { return nil }
        return length(from: first, in: line, at: start, goesOn: goesOn, &left)
    }

    /// The same, of those values that begin with a byte.
    private func length(
        from first: UInt8, in line: [UInt8], at start: Int, goesOn: Bool, _ left: inout Int
    ) -> Int? {
        for value in values[Int(first)] {
            guard left > 0 else { return nil }
            if let length = Self.match(value, in: line, at: start, goesOn: goesOn, &left) { return length }
        }
        return nil
    }

    /// How many bytes at the beginning of the line are what a cut has left of a value, or the middle of a long one.
    private func lengthOfRest(in line: [UInt8], goesOn: Bool) -> Int? {
        // The cut may have gone through a byte that is percent-encoded: up to two digits of it are here.
        let digits = line.prefix(2).prefix { Self.digit($0) != nil }.count
        var longest = 0
        var left = Self.restPatience
        for value in values.joined() {
            for first in 0...(value.count - Self.minimumPart) {
                guard left > 0 else { return line.count }
                for start in 0...digits {
                    let length = Self.match(value, from: first, in: line, at: start, goesOn: goesOn, &left)
                    guard let length else { continue }
                    longest = max(longest, start + length)
                    // Of a value that repeats itself every part would match.
                    if length >= Self.recognisedLength { return longest }
                }
            }
        }
        return longest > 0 ? longest : nil
    }

    /// Each byte may stand as it is or percent-encoded, as an encoder of URLs or of forms has chosen.
    private static func match(
        _ value: [UInt8], from first: Int = 0, in line: [UInt8], at start: Int, goesOn: Bool, _ left: inout Int
    ) -> Int? {
        var position = start
        for index in first..<value.count {
            left -= 1
            let byte = value[index]
            if position < line.count, line[position] == byte {
                position += 1
            } else if percentEncoded(in: line, at: position) == byte {
                position += 3
            } else if byte == UInt8(ascii: " "), position < line.count, line[position] == UInt8(ascii: "+") {
                position += 1
            } else if goesOn, index - first >= minimumPart, isEnd(of: line, position) {
                return line.count - start
            } else {
                return index - first >= recognisedLength ? position - start : nil
            }
        }
        return position - start
    }

    /// Nothing follows, or what a cut has left of a byte that is percent-encoded.
    private static func isEnd(of line: [UInt8], _ position: Int) -> Bool {
        position == line.count || (line[position] == UInt8(ascii: "%") && position + 2 >= line.count)
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
