/// A path pattern of `_redirects` and `_headers`: `/blog/:year/*`. Matching costs as much as the path is long, whatever the
/// pattern.
public struct SitePattern: Sendable, Hashable, Codable {
    public enum Segment: Sendable, Hashable, Codable {
        /// Decoded text.
        case text(String)
        /// `:name`: one whole segment.
        case placeholder(String)
        /// `*.jpg`: one segment with this beginning and this end.
        case affixes(String, String)
    }

    public var segments: [Segment]
    /// Ends in `*`: matches whatever follows, nothing included.
    public var hasSplat: Bool

    public init(segments: [Segment], hasSplat: Bool) {
        self.segments = segments
        self.hasSplat = hasSplat
    }

    /// Has nothing variable in it.
    public var isLiteral: Bool {
        !hasSplat && segments.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// What the placeholders and the splat stand for, as it was sent (percent-encoded); `nil` when `path` does not match.
    /// A slash at the end makes no difference.
    /// - Parameter path: of a request, percent-encoded, beginning with `/`, without the query.
    public func match(_ path: String) -> [String: String]? {
        var parts = path.utf8.dropFirst().split(separator: 0x2f, omittingEmptySubsequences: false)
        while let last = parts.last, last.isEmpty { parts.removeLast() }
        guard hasSplat ? parts.count >= segments.count : parts.count == segments.count else { return nil }
        var captures: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            let raw = String(Substring(part))
            switch segment {
            case .text(let text): guard Self.decoded(raw).utf8.elementsEqual(text.utf8) else { return nil }
            case .placeholder(let name):
                guard !raw.isEmpty else { return nil }
                captures[name] = raw
            case .affixes(let start, let end):
                let text = Array(Self.decoded(raw).utf8)
                guard text.count >= start.utf8.count + end.utf8.count, text.starts(with: start.utf8),
                    text.suffix(end.utf8.count).elementsEqual(end.utf8)
                else { return nil }
            }
        }
        if hasSplat {
            var rest = parts.dropFirst(segments.count).map { String(Substring($0)) }.joined(separator: "/")
            if !rest.isEmpty, path.utf8.last == 0x2f { rest += "/" }
            captures["splat"] = rest
        }
        return captures
    }

    /// Percent-decoded; what is not valid stays as it is.
    public static func decoded(_ text: String) -> String {
        guard text.utf8.contains(0x25) else { return text }
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == 0x25, index + 2 < source.count,
                let value = UInt8(String(decoding: source[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
