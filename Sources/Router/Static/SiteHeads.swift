import Core
import NIOCore

/// The response heads of one file in one coding, made once. Each lacks the `Date` and `Connection` lines and the empty
/// line.
struct SiteHeads: Sendable {
    let found: ByteBuffer
    let notModified: ByteBuffer
    /// The validator of this coding, with its quotes.
    let etag: String
    let contentType: String
    /// What a 206 has besides its status, type, length and range.
    let partialFields: String

    static let revalidated = "public, max-age=0, must-revalidate"
    /// RFC 8246.
    static let immutable = "public, max-age=31536000, immutable"

    /// - Parameters:
    ///   - status: 200, or 404 for the site's page for what is not there.
    ///   - size: bytes in this coding.
    ///   - fields: of the site's `_headers`, which go before ours.
    init(
        _ file: StaticSite.File, status: Int, coding: ContentCoding = .identity, size: Int? = nil,
        fields: [SiteHeaderRule.Field] = []
    ) {
        let line = status == 200 ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n"
        etag = Self.etag(file, coding)
        func own(_ name: String) -> String? { fields.last { $0.name.lowercased() == name }?.value }
        let isKept = file.isImmutable && status == 200
        let caching = own("cache-control") ?? (isKept ? Self.immutable : Self.revalidated)
        contentType = Self.clean(own("content-type") ?? Self.contentType(file.mediaType))
        let hasTwins = file.brotli != nil || file.gzip != nil
        // RFC 9110 section 15.4.5: a 304 repeats the validators and what steers caches.
        let steering =
            "ETag: \(etag)\r\nCache-Control: \(Self.clean(caching))\r\n" + (hasTwins ? "Vary: Accept-Encoding\r\n" : "")
        let modified = "Last-Modified: \(HTTPDate.string(seconds: file.modified))\r\n"
        var others = own("x-content-type-options") == nil ? "X-Content-Type-Options: nosniff\r\n" : ""
        for field in fields where !["cache-control", "content-type"].contains(field.name.lowercased()) {
            others += "\(Self.clean(field.name)): \(Self.clean(field.value))\r\n"
        }
        let encoding = coding.token.map { "Content-Encoding: \($0)\r\n" } ?? ""
        partialFields = modified + steering + encoding + "Accept-Ranges: bytes\r\n" + others
        found = ByteBuffer(
            string: line + "Content-Type: \(contentType)\r\nContent-Length: \(size ?? file.size)\r\n" + partialFields)
        notModified = ByteBuffer(string: "HTTP/1.1 304 Not Modified\r\n" + steering + others)
    }

    /// Two codings of a file are two representations with a validator each (RFC 9110 section 8.8.3.3).
    static func etag(_ file: StaticSite.File, _ coding: ContentCoding) -> String {
        let tag = clean(file.etag)
        guard coding != .identity, tag.last == "\"" else { return tag }
        return "\(tag.dropLast())-\(coding.suffix)\""
    }

    /// Text without a charset is UTF-8.
    static func contentType(_ mediaType: String) -> String {
        mediaType.hasPrefix("text/") && !mediaType.lowercased().contains("charset=")
            ? mediaType + "; charset=utf-8" : mediaType
    }

    /// The manifest is made by a build: nothing in it may end a header line.
    private static func clean(_ value: String) -> String {
        String(decoding: value.utf8.filter(ByteClass.isFieldValue), as: UTF8.self)
    }
}
