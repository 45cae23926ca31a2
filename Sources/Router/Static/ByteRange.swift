/// The parts of a file that a request asks for (RFC 9110 section 14).
enum ByteRange {
    /// More ranges than this in one request are not honoured: the whole file is sent (section 14.2 allows it; many small
    /// ones cost the server more than they save).
    static let maximumRanges = 16

    enum Selection: Equatable {
        /// Nothing asked for, or nothing that is understood: all of it.
        case whole
        case parts([Range<Int>])
        /// 416: nothing of what was asked for is there.
        case unsatisfiable
    }

    /// - Parameters:
    ///   - value: of the `Range` header.
    ///   - size: bytes of what is sent.
    static func select(_ value: UnsafeRawBufferPointer, size: Int) -> Selection {
        guard value.count > 6, UnsafeRawBufferPointer(rebasing: value[..<6]).equalsFolded("bytes=") else {
            return .whole
        }
        var parts: [Range<Int>] = []
        var (count, isMalformed) = (0, false)
        ConnectionOptions.forEachElement(UnsafeRawBufferPointer(rebasing: value[6...])) { element in
            count += 1
            guard count <= maximumRanges, !isMalformed else { return }
            guard let dash = element.firstIndex(of: UInt8(ascii: "-")),
                let first = number(element[..<dash]), let last = number(element[(dash + 1)...])
            else {
                isMalformed = true
                return
            }
            switch (first, last) {
            case (nil, nil): isMalformed = true
            case (nil, let suffix?): if suffix > 0, size > 0 { parts.append(max(0, size - suffix)..<size) }
            case (let start?, nil): if start < size { parts.append(start..<size) }
            case (let start?, let end?):
                guard start <= end else {
                    isMalformed = true
                    return
                }
                if start < size { parts.append(start..<min(end, size - 1) + 1) }
            }
        }
        guard !isMalformed, (1...maximumRanges).contains(count) else { return .whole }
        guard !parts.isEmpty else { return .unsatisfiable }
        // Ranges that overlap can ask for many times the file.
        guard parts.reduce(0, { $0 + $1.count }) <= size else { return .whole }
        return .parts(parts)
    }

    /// Inner `nil` for no digits, outer for something else. Numbers beyond any file count as the largest.
    private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> Int?? {
        if text.isEmpty { return .some(nil) }
        var number = 0
        for byte in text {
            guard ByteClass.isDigit(byte) else { return nil }
            number = number > 1 << 56 ? number : number * 10 + Int(byte &- 0x30)
        }
        return .some(number)
    }

    /// Whether `If-Range` lets the range stand (RFC 9110 section 13.1.5): the very same strong tag, or exactly the date that
    /// was sent, when that is past the second in which the file could have changed again.
    static func isCurrent(_ ifRange: UnsafeRawBufferPointer, etag: String, modified: Int, now: Int) -> Bool {
        if ifRange.first == UInt8(ascii: "\"") { return ifRange.elementsEqual(etag.utf8) }
        return modified < now && ifRange.elementsEqual(HTTPDate.string(seconds: modified).utf8)
    }
}
