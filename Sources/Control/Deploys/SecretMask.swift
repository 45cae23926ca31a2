import Core

/// Hides the values of an app's variables in the lines that its own programs write. Compares bytes: two spellings that
/// Unicode holds equal are different secrets.
struct SecretMask: Sendable {
    /// Shorter values (`1`, `true`, `info`) stand in ordinary text too often to be hidden.
    static let minimumLength = 8
    /// Long lines are cut, so of a long value this many bytes are enough to know it by.
    static let recognisedLength = 64
    static let replacement = Array("[hidden]".utf8)
    /// Variables that tell nothing that the log does not say anyway.
    private static let open: Set<String> = ["XHOST_USER", "XHOST_SHA", "DATABASE_HOST"]

    /// Longest first, so that a value within another does not leave half of it.
    private let values: [[UInt8]]
    /// The first bytes of `values`: what a position in a line is compared with first.
    private let firstBytes: Set<UInt8>

    init(_ environment: [String: String]) {
        let secrets = environment.filter { !Self.open.contains($0.key) }.values
        // A log has lines, so a value of several lines is hidden line by line, as it reads there.
        let lines = secrets.flatMap { $0.split(whereSeparator: \.isNewline) }
        let spellings = lines.map(String.init) + lines.map { LogText.harmless(String($0)) }
        values = Set(spellings.map { Array($0.utf8) }).filter { $0.count >= Self.minimumLength }
            .sorted { $0.count != $1.count ? $0.count > $1.count : $0.lexicographicallyPrecedes($1) }
        firstBytes = Set(values.compactMap(\.first))
    }

    func hide(_ line: String) -> String {
        guard !values.isEmpty else { return line }
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var kept = 0
        var position = 0
        while position < bytes.count {
            guard firstBytes.contains(bytes[position]), let length = length(of: bytes[position...]) else {
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

    /// How many bytes of `rest` are one of the values, or a long one's beginning.
    private func length(of rest: ArraySlice<UInt8>) -> Int? {
        for value in values {
            var length = 0
            for (mine, theirs) in zip(value, rest) {
                guard mine == theirs else { break }
                length += 1
            }
            if length == value.count || length >= Self.recognisedLength { return length }
        }
        return nil
    }
}
