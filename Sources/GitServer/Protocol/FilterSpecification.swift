import Git

/// The text that names the filter of a partial clone (git-rev-list(1), `--filter`).
enum FilterSpecification {
    /// Filters that one text may combine.
    private static let combinationLimit = 16

    static func parse(_ text: String) throws(ProtocolError) -> ObjectFilter {
        if text == "blob:none" { return .blobNone }
        if let limit = text.value(after: "blob:limit=") {
            guard let bytes = size(limit) else { throw invalid(text) }
            return .blobLimit(bytes)
        }
        if let depth = text.value(after: "tree:") {
            guard let depth = size(depth) else { throw ProtocolError("expected 'tree:<depth>'") }
            return .treeDepth(depth)
        }
        if let parts = text.value(after: "combine:") { return try combination(parts) }
        for kind in ["sparse:oid", "sparse:path", "object:type"] where text.hasPrefix(kind + "=") {
            throw ProtocolError("filter '\(kind)' not supported")
        }
        throw invalid(text)
    }

    private static func combination(_ text: String) throws(ProtocolError) -> ObjectFilter {
        guard !text.isEmpty else { throw ProtocolError("expected something after combine:") }
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count <= combinationLimit else {
            throw ProtocolError("more than \(combinationLimit) filters combined")
        }
        var filters: [ObjectFilter] = []
        for part in parts {
            let inner = try decoded(String(part))
            // One within another would say nothing new, and need not be parsed without end.
            guard !inner.hasPrefix("combine:") else { throw ProtocolError("a combined filter within another one") }
            filters.append(try parse(inner))
        }
        return filters.count == 1 ? filters[0] : .combine(filters)
    }

    /// A part of a combination with its `%` escapes undone. Characters that git reserves must be escaped.
    private static func decoded(_ text: String) throws(ProtocolError) -> String {
        let reserved = "~`!@#$^&*()[]{}\\;'\",<>?"
        if let bad = text.unicodeScalars.first(where: { $0.value <= 0x20 || reserved.unicodeScalars.contains($0) }) {
            throw ProtocolError("must escape char in sub-filter-spec: '\(ShownText.of(String(bad)))'")
        }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.prefix(2).allSatisfy({ $0 != UInt8(ascii: "+") })
            else { throw invalid(text) }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw invalid(text) }
        return text
    }

    /// A number with `k`, `m` or `g` behind it, in either case (git-config(1), "integer").
    private static func size(_ text: String) -> Int? {
        guard let last = text.utf8.last else { return nil }
        let shift =
            switch last | 0x20 {
            case UInt8(ascii: "k"): 10
            case UInt8(ascii: "m"): 20
            case UInt8(ascii: "g"): 30
            default: 0
            }
        let digits = shift > 0 ? text.utf8.dropLast() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let (bytes, isOverflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return isOverflow ? nil : bytes
    }

    private static func invalid(_ text: String) -> ProtocolError {
        ProtocolError("invalid filter-spec '\(ShownText.of(text, limit: 200))'")
    }
}
