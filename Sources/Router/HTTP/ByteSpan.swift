#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A part of a message head: offsets in bytes from the head's first one.
struct ByteSpan: Equatable, Sendable {
    var start: Int32
    var end: Int32

    init(_ range: Range<Int>) {
        start = Int32(truncatingIfNeeded: range.lowerBound)
        end = Int32(truncatingIfNeeded: range.upperBound)
    }

    static let empty = ByteSpan(0..<0)

    var range: Range<Int> { Int(start)..<Int(end) }
    var count: Int { Int(end - start) }
    var isEmpty: Bool { start == end }

    /// The bytes that the span names in `bytes`, which start where the head starts.
    @inline(__always)
    func slice(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// The text, for the places that are not on the hot path.
    func string(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: slice(bytes), as: UTF8.self) }
}

extension UnsafeRawBufferPointer {
    /// Compares with lower-case ASCII text, the case of the receiver's letters ignored.
    @inline(__always)
    func equalsFolded(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<count where ByteClass.lowered(self[index]) != other[index] { return false }
        return true
    }

    @inline(__always)
    func isSame(as other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        guard count > 0, let base = baseAddress else { return true }
        return other.withUnsafeBytes { memcmp(base, $0.baseAddress ?? base, count) } == 0
    }

    func equalsFolded(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where ByteClass.lowered(self[index]) != ByteClass.lowered(other[index]) { return false }
        return true
    }

    /// The range without the spaces and tabs at both ends of `range` (OWS, RFC 9110 section 5.6.3).
    @inline(__always)
    func trimmingWhitespace(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, ByteClass.isWhitespace(self[start]) { start += 1 }
        while end > start, ByteClass.isWhitespace(self[end - 1]) { end -= 1 }
        return start..<end
    }
}
