/// `HTTP/1.1` and `HTTP/1.0` (RFC 9112 section 2.3).
enum HTTPVersion {
    /// True for 1.0. Throws `.unsupportedVersion` for other numbers, `.malformedRequestLine` for other text.
    static func isOld(_ text: UnsafeRawBufferPointer) throws(HeadFault) -> Bool {
        let name: StaticString = "HTTP/"
        guard text.count == 8,
            text[..<5].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)),
            ByteClass.isDigit(text[5]), text[6] == UInt8(ascii: "."), ByteClass.isDigit(text[7])
        else { throw .malformedRequestLine }
        guard text[5] == UInt8(ascii: "1"), text[7] <= UInt8(ascii: "1") else { throw .unsupportedVersion }
        return text[7] == UInt8(ascii: "0")
    }
}
