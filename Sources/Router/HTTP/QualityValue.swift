/// The weight of an element in a list of wishes: `q=0.5` (RFC 9110 section 12.4.2).
enum QualityValue {
    /// In thousandths; `nil` for what is none.
    static func parse(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (3...7).contains(text.count), ByteClass.lowered(text[0]) == UInt8(ascii: "q"),
            text[1] == UInt8(ascii: "="),
            text[2] == UInt8(ascii: "0") || text[2] == UInt8(ascii: "1")
        else { return nil }
        var number = Int(text[2] &- 0x30) * 1000
        guard text.count == 3 || text[3] == UInt8(ascii: ".") else { return nil }
        var unit = 100
        for byte in text.dropFirst(4) {
            guard ByteClass.isDigit(byte) else { return nil }
            number += Int(byte &- 0x30) * unit
            unit /= 10
        }
        return min(number, 1000)
    }
}
