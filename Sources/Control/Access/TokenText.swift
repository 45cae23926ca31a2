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
        return body + String(decoding: checksum(of: Array(body.utf8)[...]), as: UTF8.self)
    }

    /// Whether the checksum fits. Text that fails this was never a token of ours.
    static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: prefix.utf8), bytes.count == prefix.utf8.count + 43 + 6 else { return false }
        return bytes.suffix(6).elementsEqual(checksum(of: bytes.dropLast(6)))
    }

    /// SHA-256 of the plaintext: what is kept and looked up. Comparing digests of random tokens leaks nothing by time.
    public static func digest(of text: String) -> Data { Data(SHA256.hash(data: Data(text.utf8))) }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// CRC-32 (IEEE 802.3) as six base62 digits, most significant first.
    private static func checksum(of text: ArraySlice<UInt8>) -> [UInt8] {
        var crc: UInt32 = 0xffff_ffff
        for byte in text {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        var rest = ~crc
        var digits = [UInt8](repeating: 0, count: 6)
        for place in digits.indices.reversed() {
            digits[place] = alphabet[Int(rest % 62)]
            rest /= 62
        }
        return digits
    }
}
