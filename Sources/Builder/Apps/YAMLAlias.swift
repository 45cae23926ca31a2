/// Finds aliases: `*name` for what was called `&name` before (YAML 1.2.2 section 7.1).
///
/// A few lines of them stand for more than any machine can go through, and the library goes through each key of a mapping as a
/// whole. So they must be found before it reads a stranger's text.
enum YAMLAlias {
    /// A name that stands in the text as `&name` and as `*name`, each where a value may begin; `nil` for none. There is one
    /// wherever there is an alias, and hardly ever elsewhere: the words of a shell's line would have to look so, too.
    static func name(in text: String) -> String? {
        let bytes = Array(text.utf8)
        let known = Set(names(after: UInt8(ascii: "&"), in: bytes))
        if known.isEmpty { return nil }
        return names(after: UInt8(ascii: "*"), in: bytes).first(where: known.contains)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func names(after indicator: UInt8, in bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.indices.compactMap { index in
            guard bytes[index] == indicator, index == 0 || mayEndBefore(bytes[index - 1]) else { return nil }
            let name = bytes[(index + 1)...].prefix(while: isNamePart)
            return name.isEmpty ? nil : name
        }
    }

    /// Whether something else may have ended with this byte, so that a value begins: a space or a line's end, of which there are
    /// some outside of ASCII, an indicator, a closing quote.
    private static func mayEndBefore(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte >= 0x80 || "[]{},:?\"'".utf8.contains(byte)
    }

    /// As libyaml reads names.
    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
