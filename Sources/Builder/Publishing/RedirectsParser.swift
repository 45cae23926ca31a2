import Core
import Foundation

/// Reads `_redirects` in Netlify's format: `from [query …] to [status[!]] [conditions …]`, one rule a line.
struct RedirectsParser {
    /// Rules of a file.
    static let maximumRules = 2000
    /// Rules that have to be tried one by one: with a placeholder, a splat or a query.
    static let maximumDynamic = 250
    static let statuses: Set<Int> = [200, 301, 302, 303, 307, 308, 404]

    private(set) var file = SiteRulesFile(.redirects)
    private(set) var rules: [(line: Int, rule: SiteRedirect)] = []

    static func parse(_ text: String) -> RedirectsParser {
        var parser = RedirectsParser()
        for line in SiteRulesFile.lines(text) {
            guard line.text.utf8.count <= SiteRulesFile.maximumLine else {
                parser.file.refuse(line.number, "longer than \(SiteRulesFile.maximumLine) bytes")
                continue
            }
            do throws(SiteRulesFile.Fault) { try parser.read(line.number, line.text) } catch {
                parser.file.refuse(line.number, error.text)
            }
        }
        parser.checkNumbers()
        return parser
    }

    private mutating func read(_ line: Int, _ text: Substring) throws(SiteRulesFile.Fault) {
        var parts = text.split { $0 == " " || $0 == "\t" }
        if let comment = parts.firstIndex(where: { $0.first == "#" }) { parts.removeSubrange(comment...) }
        guard let from = parts.first else { return }
        if from.hasPrefix("http://") || from.hasPrefix("https://") {
            return file.warn(line, "left out: rules for a whole domain belong to that domain's own site")
        }
        let pattern = try SiteRulesFile.pattern(from, allowsAffixes: false)
        parts.removeFirst()
        guard let toIndex = parts.firstIndex(where: { $0.first == "/" || $0.contains("://") }) else {
            throw .init("there is no destination: a path or an absolute URL")
        }
        let query = try Self.query(parts[..<toIndex])
        let destination = String(parts[toIndex])
        var rest = parts[(toIndex + 1)...]
        var (status, isForced) = (301, false)
        if let word = rest.first, word.first?.isNumber == true {
            isForced = word.last == "!"
            guard let number = Int(isForced ? word.dropLast() : word), Self.statuses.contains(number) else {
                throw .init("the status must be one of 200, 301, 302, 303, 307, 308, 404")
            }
            status = number
            rest.removeFirst()
        }
        if let condition = rest.first {
            guard condition.contains("=") else { throw .init("\"\(condition)\" is not understood") }
            return file.warn(line, "left out: conditions such as \(condition) are not supported")
        }
        let names = Self.names(pattern, query)
        try Self.check(destination, status: status, names: names)
        rules.append(
            (
                line,
                SiteRedirect(
                    pattern: pattern, query: query, destination: destination, status: status, isForced: isForced)
            ))
    }

    private static func query(
        _ parts: ArraySlice<Substring>
    ) throws(SiteRulesFile.Fault) -> [SiteRedirect.Parameter] {
        guard parts.count <= 8 else { throw .init("more than 8 query parameters") }
        var query: [SiteRedirect.Parameter] = []
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { throw .init("\"\(part)\" is neither a query nor a path") }
            if pair[1].first == ":" {
                let name = pair[1].dropFirst()
                guard SiteRulesFile.isName(name) else { throw .init("\(pair[1]) is not a placeholder") }
                query.append(.init(name: String(pair[0]), value: .placeholder(String(name))))
            } else {
                query.append(.init(name: String(pair[0]), value: .text(SitePattern.decoded(String(pair[1])))))
            }
        }
        return query
    }

    private static func names(_ pattern: SitePattern, _ query: [SiteRedirect.Parameter]) -> Set<String> {
        var names: Set<String> = pattern.hasSplat ? ["splat"] : []
        for case .placeholder(let name) in pattern.segments { names.insert(name) }
        for parameter in query { if case .placeholder(let name) = parameter.value { names.insert(name) } }
        return names
    }

    /// What a browser is sent to, or what is answered with, must be plain whatever was captured.
    private static func check(
        _ destination: String, status: Int, names: Set<String>
    ) throws(SiteRulesFile.Fault) {
        guard destination.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x5c && $0 != 0x22 && $0 != 0x3c }) else {
            throw .init("the destination must be percent-encoded ASCII")
        }
        if destination.first == "/" {
            guard !destination.hasPrefix("//") else { throw .init("a destination // would lead to another server") }
            guard !destination.hasPrefix("/.netlify/") else { throw .init("there are no Netlify functions here") }
        } else {
            try RedirectOrigin.check(destination, status: status)
        }
        let all = SiteRedirect.fill(destination, Dictionary(uniqueKeysWithValues: names.map { ($0, "") }))
        guard let path = pathAndRest(all), !path.contains(":") else {
            throw .init("the destination names a placeholder that the path does not have")
        }
    }

    private static func pathAndRest(_ destination: String) -> Substring? {
        guard destination.first != "/" else { return destination[...] }
        guard let scheme = destination.range(of: "://") else { return nil }
        let rest = destination[scheme.upperBound...]
        return rest.firstIndex { "/?#".contains($0) }.map { rest[$0...] } ?? ""
    }

    private mutating func checkNumbers() {
        if rules.count > Self.maximumRules {
            file.refuse(rules[Self.maximumRules].line, "more than \(Self.maximumRules) rules")
        }
        let dynamic = rules.filter { !$0.rule.pattern.isLiteral || !$0.rule.query.isEmpty }
        if dynamic.count > Self.maximumDynamic {
            file.refuse(
                dynamic[Self.maximumDynamic].line,
                "more than \(Self.maximumDynamic) rules with placeholders, * or queries")
        }
    }

    // MARK: - Loops

    /// Refuses rules that send a browser in circles. `exists` tells whether a file answers under a path. A file that is
    /// refused already is not followed: there may be any number of rules in it.
    mutating func checkLoops(_ exists: (String) -> Bool) {
        guard file.problems.isEmpty else { return }
        let index = RedirectsByPath(rules.map(\.rule))
        for (line, rule) in rules where rule.isRedirect {
            var lines = [line]
            var current = Self.sample(rule)
            while let next = current, next.first == "/" {
                let path = String(next.prefix { $0 != "?" && $0 != "#" })
                let query = String(next.dropFirst(path.count).drop { $0 == "?" }.prefix { $0 != "#" })
                let isThere = exists(path)
                let first = index.candidates(path).first { candidate in
                    let rule = rules[candidate].rule
                    return (rule.isForced || !isThere) && rule.target(path: path, query: query) != nil
                }
                guard let hit = first.map({ rules[$0] }), hit.rule.isRedirect else { break }
                if hit.line == line {
                    let way =
                        lines.count == 1
                        ? "" : " by way of line \(lines.dropFirst().map(String.init).joined(separator: ", "))"
                    file.refuse(line, "a loop: it leads to itself\(way)")
                    break
                }
                guard !lines.contains(hit.line), lines.count < 50 else { break }
                lines.append(hit.line)
                current = hit.rule.target(path: path, query: query)
            }
        }
    }

    /// Where a request leads that matches: every placeholder stands for one part.
    private static func sample(_ rule: SiteRedirect) -> String? {
        let parts = rule.pattern.segments.map { segment in
            switch segment {
            case .text(let text): text
            case .placeholder(let name): "berth-\(name)"
            case .affixes(let start, let end): start + end
            }
        }
        let path = "/" + (parts + (rule.pattern.hasSplat ? ["berth-splat"] : [])).joined(separator: "/")
        let query = rule.query.map { parameter in
            switch parameter.value {
            case .text(let text): "\(parameter.name)=\(text)"
            case .placeholder: "\(parameter.name)=1"
            }
        }
        return rule.target(path: path, query: query.joined(separator: "&"))
    }
}
