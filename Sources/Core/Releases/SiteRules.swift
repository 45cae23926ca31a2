/// One line of a site's `_redirects`.
public struct SiteRedirect: Sendable, Hashable, Codable {
    /// A query parameter that must be there: with this text, or with any, under a placeholder's name.
    public struct Parameter: Sendable, Hashable, Codable {
        public enum Value: Sendable, Hashable, Codable {
            case text(String)
            case placeholder(String)
        }

        public var name: String
        public var value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    public var pattern: SitePattern
    public var query: [Parameter]
    /// A path, or an absolute URL, with `:name` and `:splat` in it.
    public var destination: String
    /// 200 answers with what is at the destination, 404 too but with that status; the others redirect.
    public var status: Int
    /// Holds even where a file is published.
    public var isForced: Bool

    public init(pattern: SitePattern, query: [Parameter] = [], destination: String, status: Int, isForced: Bool) {
        self.pattern = pattern
        self.query = query
        self.destination = destination
        self.status = status
        self.isForced = isForced
    }

    /// The browser is sent elsewhere.
    public var isRedirect: Bool { status != 200 && status != 404 }

    /// Where a request leads, `nil` when it does not match. What was captured is put in as it was sent. The request's query
    /// goes along unless the rule deals with queries itself.
    /// - Parameters:
    ///   - path: percent-encoded, without the query.
    ///   - query: without the question mark, percent-encoded.
    public func target(path: String, query: String) -> String? {
        guard var captures = pattern.match(path) else { return nil }
        if !self.query.isEmpty {
            let sent = query.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
            }
            for parameter in self.query {
                guard let found = sent.first(where: { SitePattern.decoded($0.name) == parameter.name }) else {
                    return nil
                }
                switch parameter.value {
                case .text(let text): guard SitePattern.decoded(found.value) == text else { return nil }
                case .placeholder(let name):
                    guard !found.value.isEmpty else { return nil }
                    captures[name] = found.value
                }
            }
        }
        let target = Self.fill(destination, captures)
        let passesQuery = self.query.isEmpty && !query.isEmpty && !destination.contains("?")
        guard passesQuery else { return target }
        guard let hash = target.firstIndex(of: "#") else { return "\(target)?\(query)" }
        return "\(target[..<hash])?\(query)\(target[hash...])"
    }

    /// Replaces `:name` by what was captured under it. A name that captures nothing stays as it is.
    public static func fill(_ template: String, _ captures: [String: String]) -> String {
        guard template.contains(":") else { return template }
        var out = ""
        var rest = template[...]
        while let colon = rest.firstIndex(of: ":") {
            out += rest[..<colon]
            let after = rest.index(after: colon)
            let end = rest[after...].firstIndex { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
            let name = rest[after..<(end ?? rest.endIndex)]
            if let value = captures[String(name)] { out += value } else { out += rest[colon..<(end ?? rest.endIndex)] }
            rest = rest[(end ?? rest.endIndex)...]
        }
        return out + rest
    }
}

/// A path of a site's `_headers` and the headers that answers under it get.
public struct SiteHeaderRule: Sendable, Hashable, Codable {
    public struct Field: Sendable, Hashable, Codable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var pattern: SitePattern
    public var fields: [Field]

    public init(pattern: SitePattern, fields: [Field]) {
        self.pattern = pattern
        self.fields = fields
    }
}
