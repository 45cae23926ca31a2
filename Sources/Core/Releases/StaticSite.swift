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
        /// Bytes of the file compressed with Brotli (RFC 7932), `nil` when there is no such twin.
        public var brotli: Int?
        /// Bytes of the file compressed with gzip (RFC 1952), `nil` when there is no such twin.
        public var gzip: Int?
        /// The name holds a hash of the content: what is under it never changes.
        public var isImmutable: Bool

        public init(
            path: String, mediaType: String, etag: String, size: Int, modified: Int, brotli: Int? = nil,
            gzip: Int? = nil, isImmutable: Bool = false
        ) {
            self.path = path
            self.mediaType = mediaType
            self.etag = etag
            self.size = size
            self.modified = modified
            self.brotli = brotli
            self.gzip = gzip
            self.isImmutable = isImmutable
        }

        /// The name of a twin in the folder of twins: the validator without its quotes, and `br` or `gz`.
        public func twinName(_ suffix: String) -> String { "\(etag.filter { $0 != "\"" }).\(suffix)" }
    }

    /// Absolute path of the folder that is published.
    public var root: String
    /// Absolute path of the folder of compressed twins.
    public var twins: String
    /// By name: `index.html`, `css/site.css`. The router adds the directory index itself.
    public var files: [Name: File]
    /// In the order in which they are tried.
    public var redirects: [SiteRedirect]
    public var headers: [SiteHeaderRule]

    public init(
        root: String, twins: String = "", files: [Name: File], redirects: [SiteRedirect] = [],
        headers: [SiteHeaderRule] = []
    ) {
        self.root = root
        self.twins = twins
        self.files = files
        self.redirects = redirects
        self.headers = headers
    }
}
