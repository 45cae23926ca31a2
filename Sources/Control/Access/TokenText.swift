import Crypto
import Foundation

/// The plaintext form of a token: `xh_live_`, 32 random bytes in base64url (43 characters), and a checksum of six
/// base62 digits over what stands before it, so that a secret scanner can tell a token from look-alikes.
public enum TokenText {
    public static let prefix = "xh_live_"

    /// A new token's plaintext.
    static func make() -> String {
        let key = SymmetricKey(size: .bits256)
        let random = key.withUnsafeBytes { Data($0) }
        let body =
            prefix
            + random.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
        return body + checksum(of: body)
    }

    /// Whether the checksum fits. Text that fails this was never a token of ours.
    static func isWellFormed(_ text: String) -> Bool {
        guard text.hasPrefix(prefix), text.utf8.count == prefix.utf8.count + 43 + 6 else { return false }
        return text.hasSuffix(checksum(of: String(text.dropLast(6))))
    }

    /// SHA-256 of the plaintext: what is kept and looked up. Comparing digests of random tokens leaks nothing by time.
    public static func digest(of text: String) -> Data { Data(SHA256.hash(data: Data(text.utf8))) }

    /// CRC-32 (IEEE 802.3) as six base62 digits, most significant first.
    private static func checksum(of text: String) -> String {
        var crc: UInt32 = 0xffff_ffff
        for byte in text.utf8 {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        var rest = ~crc
        var digits: [Character] = []
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        for _ in 0..<6 {
            digits.append(alphabet[Int(rest % 62)])
            rest /= 62
        }
        return String(digits.reversed())
    }
}
