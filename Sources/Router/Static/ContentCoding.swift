/// How a file is compressed on its way, and which way a client prefers (RFC 9110 section 12.5.3).
enum ContentCoding: UInt8, Hashable, Sendable {
    case identity, gzip, brotli

    /// The suffix of a twin's name.
    var suffix: String {
        switch self {
        case .identity: ""
        case .gzip: "gz"
        case .brotli: "br"
        }
    }

    /// The value of `Content-Encoding`.
    var token: String? {
        switch self {
        case .identity: nil
        case .gzip: "gzip"
        case .brotli: "br"
        }
    }

    /// What a client takes, in thousandths.
    struct Preferences: Equatable, Sendable {
        var brotli = 0
        var gzip = 0
        /// Nothing was said against the file as it is.
        var identity = 1000

        /// The coding to use of those that there are; the file as it is when the client takes nothing else that we have.
        func choose(hasBrotli: Bool, hasGzip: Bool) -> ContentCoding {
            var best = ContentCoding.identity
            // At equal weight what is smaller goes first; a client that names `identity` lower wants it last.
            var weight = 0
            if hasBrotli, brotli > weight { (best, weight) = (.brotli, brotli) }
            if hasGzip, gzip > weight { (best, weight) = (.gzip, gzip) }
            return isIdentityPreferred(to: weight) ? .identity : best
        }

        private func isIdentityPreferred(to weight: Int) -> Bool { hasNamedIdentity && identity > weight }

        /// `identity` was given a weight of its own.
        var hasNamedIdentity = false
    }

    /// Reads `Accept-Encoding`. A malformed weight counts as 0: the file as it is suits everybody.
    static func preferences(_ value: UnsafeRawBufferPointer?) -> Preferences {
        var preferences = Preferences()
        guard let value else { return preferences }
        var wildcard: Int?
        var (brotli, gzip): (Int?, Int?)
        ConnectionOptions.forEachElement(value) { element in
            let end = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            let name = UnsafeRawBufferPointer(rebasing: element[element.trimmingWhitespace(0..<end)])
            let weight = end == element.count ? 1000 : self.weight(element, from: end + 1)
            if name.equalsFolded("br") {
                brotli = weight
            } else if name.equalsFolded("gzip") || name.equalsFolded("x-gzip") {
                gzip = weight
            } else if name.equalsFolded("identity") {
                preferences.identity = weight
                preferences.hasNamedIdentity = true
            } else if name.count == 1, name[0] == UInt8(ascii: "*") {
                wildcard = weight
            }
        }
        preferences.brotli = brotli ?? wildcard ?? 0
        preferences.gzip = gzip ?? wildcard ?? 0
        return preferences
    }

    private static func weight(_ element: UnsafeRawBufferPointer, from start: Int) -> Int {
        let range = element.trimmingWhitespace(start..<element.count)
        return QualityValue.parse(UnsafeRawBufferPointer(rebasing: element[range])) ?? 0
    }
}
