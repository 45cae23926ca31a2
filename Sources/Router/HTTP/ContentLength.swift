/// The value of `Content-Length`: digits only (RFC 9110 section 8.6). Signs, lists and white space inside are refused.
enum ContentLength {
    /// Longer numbers could overflow and mean nothing.
    static let maximumDigits = 18

    static func parse(_ value: UnsafeRawBufferPointer) throws(HeadFault) -> Int {
        guard (1...maximumDigits).contains(value.count) else { throw .malformedContentLength }
        var number = 0
        for byte in value {
            guard ByteClass.isDigit(byte) else { throw .malformedContentLength }
            number = number &* 10 &+ Int(byte &- 0x30)
        }
        return number
    }
}
