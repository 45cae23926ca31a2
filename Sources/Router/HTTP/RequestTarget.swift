/// The forms of a request target (RFC 9112 section 3.2).
struct RequestTarget: Equatable {
    /// Path and query, or `*`; empty when an absolute form has no path.
    var path: ByteSpan
    /// Of an absolute form.
    var authority: ByteSpan?

    /// Throws `.malformedTarget` for everything but origin form, `*` with OPTIONS, and absolute form with the schemes
    /// http and https, without user info (RFC 9110 section 4.2.4) and without a fragment.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, method: RequestMethod
    ) throws(HeadFault) -> RequestTarget {
        guard !range.isEmpty else { throw .malformedTarget }
        var isClean = true
        for index in range {
            let byte = bytes[index]
            isClean = isClean && byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#")
        }
        guard isClean else { throw .malformedTarget }
        let first = bytes[range.lowerBound]
        if first == ByteClass.slash { return RequestTarget(path: ByteSpan(range), authority: nil) }
        if first == UInt8(ascii: "*"), range.count == 1, method == .options {
            return RequestTarget(path: ByteSpan(range), authority: nil)
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        let scheme: Int
        if text.count > 7, UnsafeRawBufferPointer(rebasing: text[..<7]).equalsFolded("http://") {
            scheme = 7
        } else if text.count > 8, UnsafeRawBufferPointer(rebasing: text[..<8]).equalsFolded("https://") {
            scheme = 8
        } else {
            throw .malformedTarget
        }
        let start = range.lowerBound + scheme
        var end = start
        while end < range.upperBound, bytes[end] != ByteClass.slash, bytes[end] != UInt8(ascii: "?") { end += 1 }
        let authority = start..<end
        guard !authority.isEmpty, !bytes[authority].contains(UInt8(ascii: "@")) else { throw .malformedTarget }
        return RequestTarget(path: ByteSpan(end..<range.upperBound), authority: ByteSpan(authority))
    }
}
