import Core

/// Reads `_headers` in Netlify's format: a path, and below it, indented, `Name: value` lines.
struct HeadersParser {
    static let maximumRules = 250
    static let maximumFields = 50
    /// Bytes of all lines that one rule adds.
    static let maximumBytes = 8 * 1024

    private(set) var file = SiteRulesFile(.headers)
    private(set) var rules: [SiteHeaderRule] = []

    /// Ours to set: they frame the message, tell what the body is, or belong to the platform's domain.
    private static let refused: Set<String> = [
        "accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding", "content-length", "content-range",
        "date", "etag", "host", "keep-alive", "last-modified", "location", "proxy-authenticate", "server", "set-cookie",
        "set-cookie2", "te", "trailer", "transfer-encoding", "upgrade", "vary", "via", "x-request-id",
    ]

    static func parse(_ text: String) -> HeadersParser {
        var parser = HeadersParser()
        /// The lines below a path that is refused say nothing.
        var isOpen = false
        for line in SiteRulesFile.lines(text) {
            do throws(SiteRulesFile.Fault) {
                guard line.text.utf8.count <= SiteRulesFile.maximumLine else {
                    throw .init("longer than \(SiteRulesFile.maximumLine) bytes")
                }
                if line.isIndented {
                    if isOpen {
                        try parser.add(line.text)
                    } else if parser.rules.isEmpty && parser.file.problems.isEmpty {
                        throw .init("a header stands before the first path")
                    }
                } else {
                    isOpen = false
                    let path = line.text
                    guard !path.hasPrefix("http://"), !path.hasPrefix("https://") else {
                        parser.file.warn(line.number, "left out: rules for a whole domain belong to its own site")
                        continue
                    }
                    let pattern = try SiteRulesFile.pattern(path, allowsAffixes: true)
                    guard parser.rules.count < maximumRules else { throw .init("more than \(maximumRules) paths") }
                    parser.rules.append(SiteHeaderRule(pattern: pattern, fields: []))
                    isOpen = true
                }
            } catch {
                parser.file.refuse(line.number, error.text)
            }
        }
        return parser
    }

    private mutating func add(_ text: Substring) throws(SiteRulesFile.Fault) {
        guard let colon = text.firstIndex(of: ":") else { throw .init("a header needs a colon after its name") }
        let name = text[..<colon]
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isToken) else { throw .init("the header name is malformed") }
        guard !Self.refused.contains(name.lowercased()) else { throw .init("\(name) cannot be set") }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 9 }) else {
            throw .init("the value of \(name) holds a character that no header has")
        }
        guard var rule = rules.popLast() else { return }
        defer { rules.append(rule) }
        if let index = rule.fields.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) {
            // RFC 9110 section 5.3.
            rule.fields[index].value += ", \(value)"
        } else {
            rule.fields.append(.init(name: String(name), value: String(value)))
        }
        let bytes = rule.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard rule.fields.count <= Self.maximumFields, bytes <= Self.maximumBytes else {
            throw .init("more than \(Self.maximumFields) headers or \(Self.maximumBytes) bytes for one path")
        }
    }

    /// tchar (RFC 9110 section 5.6.2).
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
