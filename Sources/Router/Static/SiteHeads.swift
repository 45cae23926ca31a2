import Core
import NIOCore

/// The response heads of one file, made once. Each lacks the `Date` and `Connection` lines and the empty line.
struct SiteHeads: Sendable {
    let found: ByteBuffer
    let notModified: ByteBuffer

    /// - Parameter status: 200, or 404 for the site's own `404.html`.
    init(_ file: StaticSite.File, status: Int) {
        let line = status == 200 ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n"
        let etag = Self.clean(file.etag)
        // RFC 9110 section 15.4.5: a 304 repeats the validators and what steers caches.
        let validators = "ETag: \(etag)\r\nCache-Control: public, max-age=0, must-revalidate\r\n"
        found = ByteBuffer(
            string: line + "Content-Type: \(Self.clean(Self.contentType(file.mediaType)))\r\n"
                + "Content-Length: \(file.size)\r\n"
                + "Last-Modified: \(HTTPDate.string(seconds: file.modified))\r\n" + validators
                + "X-Content-Type-Options: nosniff\r\n")
        notModified = ByteBuffer(string: "HTTP/1.1 304 Not Modified\r\n" + validators)
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
