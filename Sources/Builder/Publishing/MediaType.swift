/// The media type that a published file is served with, by the extension of its name.
enum MediaType {
    /// For what is not in the table: browsers offer to save it.
    static let unknown = "application/octet-stream"

    /// - Parameter name: the file's name or path.
    static func of(_ name: String) -> String {
        let utf8 = name.utf8
        let base = utf8.lastIndex(of: UInt8(ascii: "/")).map { utf8.index(after: $0) } ?? utf8.startIndex
        guard let dot = utf8[base...].lastIndex(of: UInt8(ascii: ".")) else {
            return byName[String(name[base...])] ?? unknown
        }
        return byExtension[name[utf8.index(after: dot)...].lowercased()] ?? unknown
    }

    /// Files of `.well-known/` whose names have no extension (Apple: "Supporting associated domains").
    private static let byName = ["apple-app-site-association": "application/json"]

    /// IANA's media types. Text is UTF-8, which JSON and XML need not say (RFC 8259 section 11, RFC 7303 section 3).
    private static let byExtension = [
        "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "cjs": "text/javascript; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
        "markdown": "text/markdown; charset=utf-8", "csv": "text/csv; charset=utf-8",
        "tsv": "text/tab-separated-values; charset=utf-8", "vtt": "text/vtt; charset=utf-8",
        "ics": "text/calendar; charset=utf-8", "vcf": "text/vcard; charset=utf-8",
        "log": "text/plain; charset=utf-8", "yaml": "application/yaml", "yml": "application/yaml",
        "json": "application/json", "map": "application/json", "geojson": "application/geo+json",
        "jsonld": "application/ld+json", "webmanifest": "application/manifest+json",
        "xml": "application/xml", "xsl": "application/xslt+xml", "rss": "application/rss+xml",
        "atom": "application/atom+xml", "xhtml": "application/xhtml+xml", "svg": "image/svg+xml",
        "gif": "image/gif", "png": "image/png", "apng": "image/apng", "jpg": "image/jpeg", "jpeg": "image/jpeg",
        "webp": "image/webp", "avif": "image/avif", "ico": "image/vnd.microsoft.icon", "bmp": "image/bmp",
        "tif": "image/tiff", "tiff": "image/tiff", "jxl": "image/jxl",
        "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
        "eot": "application/vnd.ms-fontobject",
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "oga": "audio/ogg", "ogg": "audio/ogg",
        "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "mid": "audio/midi",
        "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
        "mpeg": "video/mpeg", "m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t",
        "pdf": "application/pdf", "wasm": "application/wasm", "zip": "application/zip", "gz": "application/gzip",
        "tgz": "application/gzip", "tar": "application/x-tar", "bz2": "application/x-bzip2",
        "7z": "application/x-7z-compressed",
        "epub": "application/epub+zip", "rtf": "application/rtf", "doc": "application/msword",
        "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "glb": "model/gltf-binary", "gltf": "model/gltf+json",
    ]
}
