/// `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since` (RFC 9110 section 13).
enum Precondition {
    /// False when the client wants another state of the file than there is. A present `If-Match` decides alone (section
    /// 13.2.2); a date that is none counts as not there (section 13.1.4).
    static func isMet(
        etag: String, modified: Int, ifMatch: UnsafeRawBufferPointer?, ifUnmodifiedSince: UnsafeRawBufferPointer?
    ) -> Bool {
        if let ifMatch { return matches(ifMatch, etag: etag, isStrong: true) }
        guard let ifUnmodifiedSince, let limit = HTTPDate.rank(ifUnmodifiedSince) else { return true }
        let own = Array(HTTPDate.string(seconds: modified).utf8)
        return own.withUnsafeBytes { HTTPDate.rank($0) }.map { $0 <= limit } ?? true
    }

    /// True when the client has the file already. A present `If-None-Match` decides alone (section 13.2.2).
    static func isUnmodified(
        etag: String, modified: Int, ifNoneMatch: UnsafeRawBufferPointer?, ifModifiedSince: UnsafeRawBufferPointer?
    ) -> Bool {
        if let ifNoneMatch { return matches(ifNoneMatch, etag: etag) }
        guard let ifModifiedSince else { return false }
        // Clients send back the date that they were given; any other date gets the whole file.
        return ifModifiedSince.elementsEqual(HTTPDate.string(seconds: modified).utf8)
    }

    /// Weak comparison (section 8.8.3.2): a `W/` before the client's tag makes no difference. Tags may hold commas.
    /// - Parameter isStrong: a weak tag is like none.
    static func matches(_ list: UnsafeRawBufferPointer, etag: String, isStrong: Bool = false) -> Bool {
        if list.count == 1, list[0] == UInt8(ascii: "*") { return true }
        let quote = UInt8(ascii: "\"")
        var rest = etag.utf8[...]
        if rest.starts(with: "W/".utf8) { rest = rest.dropFirst(2) }
        var index = 0
        while let start = list[index...].firstIndex(of: quote) {
            guard let end = list[(start + 1)...].firstIndex(of: quote) else { return false }
            let isWeak = start > 0 && list[start - 1] == ByteClass.slash
            if list[start...end].elementsEqual(rest), !isStrong || !isWeak { return true }
            index = end + 1
        }
        return false
    }
}
