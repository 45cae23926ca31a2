/// The contract's name rule: `^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, 1 to 40 ASCII bytes, the whole string (seed 000,
/// "Hostname derivation"; RFC 1123 section 2.1).
public enum DNSLabel {
    public static let maximumLength = 40

    public static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...maximumLength).contains(bytes.count), bytes.first != hyphen, bytes.last != hyphen else {
            return false
        }
        return bytes.allSatisfy { $0 == hyphen || (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
    }

    /// Throws `.invalid` with the rule and what breaks it when `text` is not a label.
    public static func check(_ text: String, field: String) throws(PlatformError) {
        guard !isValid(text) else { return }
        let fault = NameFault.describe(text, maximum: maximumLength) { scalar in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-"
        }
        throw .invalid(
            "\(field) must be 1 to \(maximumLength) lowercase letters, digits and hyphens, "
                + "and must not start or end with a hyphen: "
                + (fault ?? "it \(text.utf8.first == hyphen ? "starts" : "ends") with a hyphen"))
    }

    private static let hyphen = UInt8(ascii: "-")
}
