/// Says what is wrong with a text that was to be a name, so that whoever sent it finds the place.
public enum NameFault {
    /// Characters that are repeated of a text that somebody sent.
    private static let shownCharacters = 60

    /// What keeps `text` from being 1 to `maximum` characters that are `allowed`; `nil` when nothing does.
    static func describe(_ text: String, maximum: Int, allowed: (Unicode.Scalar) -> Bool) -> String? {
        if text.isEmpty { return "it is empty" }
        for (index, scalar) in text.unicodeScalars.enumerated() where !allowed(scalar) {
            return "character \(index + 1) is \(shown(scalar))"
        }
        let length = text.unicodeScalars.count
        return length > maximum ? "it has \(length) characters" : nil
    }

    /// The text in quotation marks, with what cannot be seen written out, cut when it is long.
    public static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let rest = scalars.count - shownCharacters
        let visible = String(String.UnicodeScalarView(scalars.prefix(shownCharacters))).debugDescription
        return rest > 0 ? "\(visible) and \(rest) characters more" : visible
    }

    /// `"Ü" (U+00DC)`, `U+000A`
    private static func shown(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        if scalar == " " { return "a space" }
        if scalar.isASCII { return scalar.value > 0x20 && scalar.value < 0x7f ? "\"\(scalar)\"" : code }
        return scalar.properties.isAlphabetic ? "\"\(scalar)\" (\(code))" : code
    }
}
