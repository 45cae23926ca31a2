import Foundation

/// The identifier of one kind of thing: a UUID that cannot be mistaken for another kind's.
/// Its text form is the 36-character lower-case one, on the wire, in the store and in paths.
public struct ID<Entity>: Hashable, Sendable {
    public let uuid: UUID

    /// A new random identifier.
    public init() { uuid = UUID() }
    public init(uuid: UUID) { self.uuid = uuid }

    /// Reads the canonical text form in either case; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let uuid = text.withUTF8(Self.uuid) else { return nil }
        self.uuid = uuid
    }

    /// Read by hand: `UUID` scans formatted text, which every request would pay for.
    private static func uuid(_ text: UnsafeBufferPointer<UInt8>) -> UUID? {
        guard text.count == 36 else { return nil }
        var uuid = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).uuid
        let isSound = withUnsafeMutableBytes(of: &uuid) { bytes in
            var digits = 0
            for (place, character) in text.enumerated() {
                if place == 8 || place == 13 || place == 18 || place == 23 {
                    guard character == UInt8(ascii: "-") else { return false }
                    continue
                }
                let digit: UInt8
                switch character {
                case 0x30...0x39: digit = character - 0x30
                case 0x41...0x46: digit = character - 0x37
                case 0x61...0x66: digit = character - 0x57
                default: return false
                }
                bytes[digits / 2] = bytes[digits / 2] << 4 | digit
                digits += 1
            }
            return true
        }
        return isSound ? UUID(uuid: uuid) : nil
    }

    /// The 32 lower-case hex digits without dashes.
    public var hex: String { text(hasDashes: false) }

    /// The hex digits, lower case. Written by hand: every answer holds many.
    private func text(hasDashes: Bool) -> String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var length = 0
            func append(_ byte: UInt8) {
                buffer[length] = byte
                length += 1
            }
            func append(digit: UInt8) { append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
            withUnsafeBytes(of: uuid.uuid) { bytes in
                for (index, byte) in bytes.enumerated() {
                    append(digit: byte >> 4)
                    append(digit: byte & 0xf)
                    if hasDashes, index == 3 || index == 5 || index == 7 || index == 9 { append(UInt8(ascii: "-")) }
                }
            }
            return length
        }
    }
}

extension ID: CustomStringConvertible {
    public var description: String { text(hasDashes: true) }
}

extension ID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = ID(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a UUID"))
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
