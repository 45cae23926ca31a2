/// How a secret reads where a program shows it encoded.
enum SecretSpelling {
    /// Columns after which programs break lines of base64 (RFC 2045 section 6.8).
    private static let column = 76
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let digits = Array("0123456789abcdef".utf8)
    private static let upperDigits = Array("0123456789ABCDEF".utf8)

    /// Base64 in either alphabet (RFC 4648 sections 4 and 5) and hexadecimal digits.
    static func encoded(_ secret: [UInt8]) -> [[UInt8]] {
        var spellings = [digits, upperDigits].map { digits in
            secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] }
        }
        for alphabet in [standard, urlSafe] {
            // Within a longer text it begins at any of three places of a group.
            for shift in 0..<3 {
                spellings.append(base64(secret, after: shift, alphabet))
                spellings.append(base64(secret, after: shift, alphabet, isEnd: true))
            }
            let lines = base64(secret, after: 0, alphabet, isEnd: true)
            guard lines.count > column else { continue }
            for start in stride(from: 0, to: lines.count, by: column) {
                spellings.append(Array(lines[start..<min(start + column, lines.count)]))
            }
        }
        return spellings
    }

    /// The characters that depend on nothing but the secret, when `shift` bytes of its group come before it.
    /// - Parameter isEnd: nothing comes after it.
    private static func base64(
        _ secret: [UInt8], after shift: Int, _ alphabet: [UInt8], isEnd: Bool = false
    ) -> [UInt8] {
        var characters: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in [UInt8](repeating: 0, count: shift) + secret {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                characters.append(alphabet[Int(bits >> UInt32(count) & 0x3f)])
            }
        }
        if isEnd, count > 0 { characters.append(alphabet[Int(bits << UInt32(6 - count) & 0x3f)]) }
        // The first ones hold bits of what comes before.
        return Array(characters.dropFirst((shift * 8 + 5) / 6))
    }
}
