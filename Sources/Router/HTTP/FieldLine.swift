/// One header or trailer line, taken apart (RFC 9112 section 5).
struct FieldLine: Equatable {
    var name: ByteSpan
    /// Without the white space around it.
    var value: ByteSpan

    /// Takes a line apart that was checked before.
    @inline(__always)
    static func splitAgain(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        guard let colon = bytes[line].firstIndex(of: ByteClass.colon) else { return nil }
        let value = bytes.trimmingWhitespace((colon + 1)..<line.upperBound)
        return (
            UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<colon]),
            UnsafeRawBufferPointer(rebasing: bytes[value])
        )
    }

    /// The value of the first line of a name among the field lines of a head that was read before.
    static func value(
        _ name: StaticString, in fields: Range<Int>, of bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        var start = fields.lowerBound
        let length = name.utf8CodeUnitCount
        while start < fields.upperBound {
            var end = start
            while end < fields.upperBound, bytes[end] != ByteClass.carriageReturn { end += 1 }
            if end - start > length, bytes[start + length] == ByteClass.colon,
                let field = splitAgain(bytes, start..<end), field.name.equalsFolded(name)
            {
                return field.value
            }
            start = end + 2
        }
        return nil
    }

    /// The same; `nil` also when there are several lines of that name.
    static func onlyValue(
        _ name: StaticString, in fields: Range<Int>, of bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard let found = value(name, in: fields, of: bytes), let base = bytes.baseAddress,
            let start = found.baseAddress
        else { return nil }
        let next = start + found.count - base
        return value(name, in: next..<fields.upperBound, of: bytes) == nil ? found : nil
    }

    /// Takes apart the line at `line`, which has no line end. Throws `.obsoleteFold` for a continuation line (section
    /// 5.2), `.malformedFieldName` for an empty name, white space before the colon or any byte that is not a token's
    /// (section 5.1), `.malformedFieldValue` for a control character (RFC 9110 section 5.5).
    @inline(__always)
    static func split(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HeadFault) -> FieldLine {
        var index = line.lowerBound
        guard index < line.upperBound else { throw .malformedFieldName }
        if ByteClass.isWhitespace(bytes[index]) { throw .obsoleteFold }
        while index < line.upperBound, ByteClass.isToken(bytes[index]) { index += 1 }
        guard index > line.lowerBound, index < line.upperBound, bytes[index] == ByteClass.colon else {
            throw .malformedFieldName
        }
        let value = bytes.trimmingWhitespace((index + 1)..<line.upperBound)
        var isClean = true
        for position in value { isClean = isClean && ByteClass.isFieldValue(bytes[position]) }
        guard isClean else { throw .malformedFieldValue }
        return FieldLine(name: ByteSpan(line.lowerBound..<index), value: ByteSpan(value))
    }
}
