/// The files of a static release as the router serves them: a look-up by URL path, made once at build time.
public struct StaticSite: Sendable, Hashable, Codable {
    /// One file.
    public struct File: Sendable, Hashable, Codable {
        /// Path below `root`, `/` between its parts, no leading one.
        public var path: String
        public var mediaType: String
        /// Strong validator with its quotes (RFC 9110 section 8.8.3).
        public var etag: String
        /// Bytes.
        public var size: Int
        /// Modification time, seconds since 1970.
        public var modified: Int

        public init(path: String, mediaType: String, etag: String, size: Int, modified: Int) {
            self.path = path
            self.mediaType = mediaType
            self.etag = etag
            self.size = size
            self.modified = modified
        }
    }

    /// Absolute path of the folder that is published.
    public var root: String
    /// By decoded URL path without the leading slash: `index.html`, `css/site.css`. The router adds the directory
    /// index itself.
    public var files: [String: File]

    public init(root: String, files: [String: File]) {
        self.root = root
        self.files = files
    }
}
