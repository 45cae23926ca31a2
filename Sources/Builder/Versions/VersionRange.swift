/// Which versions are wanted, in the form of npm's ranges (node-semver): exact, `^`, `~`, `>=`, `>`, `<=`, `<`, `x` and
/// left-out parts, `1.2 - 2.3`, a space for "and", `||` for "or". Pre-releases are not told apart.
struct VersionRange: Hashable, Sendable {
    /// From `lower`, up to and without `upper`; `nil` has no end.
    private struct Span: Hashable {
        var lower = Version(major: 0)
        var upper: Version?

        func contains(_ version: Version) -> Bool { version >= lower && upper.map { version < $0 } ?? true }
    }

    /// One of these has all its spans around the version.
    private let alternatives: [[Span]]

    /// `nil` when the text is not such a range: `lts/*`, `latest`.
    init?(_ text: String) {
        var alternatives: [[Span]] = []
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            guard let spans = Self.spans(part.split(whereSeparator: \.isWhitespace).map(String.init)) else {
                return nil
            }
            alternatives.append(spans)
        }
        self.alternatives = alternatives
    }

    func contains(_ version: Version) -> Bool {
        alternatives.contains { spans in spans.allSatisfy { $0.contains(version) } }
    }

    /// No words at all are any version, as for npm.
    private static func spans(_ words: [String]) -> [Span]? {
        if words.count == 3, words[1] == "-" {
            guard let from = PartialVersion(words[0]), let to = PartialVersion(words[2]) else { return nil }
            return [Span(lower: from.lowest ?? Version(major: 0), upper: to.next)]
        }
        var spans: [Span] = []
        var operation = ""
        for word in words {
            let sign = word.prefix { "<>=^~".contains($0) }
            // `>= 20` is written with a space, too.
            if !operation.isEmpty, !sign.isEmpty { return nil }
            operation += sign
            let number = word.dropFirst(sign.count)
            if number.isEmpty { continue }
            guard let version = PartialVersion(number), let span = span(operation, version) else { return nil }
            spans.append(span)
            operation = ""
        }
        return operation.isEmpty ? spans : nil
    }

    private static func span(_ operation: String, _ version: PartialVersion) -> Span? {
        guard let lowest = version.lowest, let next = version.next else {
            // `<*` and `>*` fit nothing.
            return operation == "<" || operation == ">" ? Span(upper: Version(major: 0)) : Span()
        }
        switch operation {
        case "", "=": return Span(lower: lowest, upper: next)
        case ">=": return Span(lower: lowest)
        case ">": return Span(lower: next)
        case "<": return Span(upper: lowest)
        case "<=": return Span(upper: next)
        case "~", "~>":
            return Span(lower: lowest, upper: PartialVersion(major: version.major, minor: version.minor).next)
        case "^": return Span(lower: lowest, upper: caret(version).next)
        default: return nil
        }
    }

    /// What `^` lets alone: everything up to the first part that is not 0.
    private static func caret(_ version: PartialVersion) -> PartialVersion {
        if version.major != 0 || version.minor == nil { return PartialVersion(major: version.major) }
        if version.minor != 0 || version.patch == nil {
            return PartialVersion(major: version.major, minor: version.minor)
        }
        return version
    }
}

extension PartialVersion {
    fileprivate init(major: Int?, minor: Int? = nil) {
        (self.major, self.minor, patch) = (major, minor, nil)
    }
}
