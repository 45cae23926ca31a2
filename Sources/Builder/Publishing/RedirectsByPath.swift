import Core

/// Which rules of `_redirects` may hold for a path: to try every rule for every path that a rule leads to would cost the
/// square of their number.
struct RedirectsByPath {
    /// Those without anything variable, by their decoded path without slashes at its ends.
    private var literal: [String: [Int]] = [:]
    private var variable: [Int] = []

    init(_ rules: [SiteRedirect]) {
        for (index, rule) in rules.enumerated() {
            guard rule.pattern.isLiteral else {
                variable.append(index)
                continue
            }
            let parts = rule.pattern.segments.map { segment in
                if case .text(let text) = segment { text } else { "" }
            }
            literal[parts.joined(separator: "/"), default: []].append(index)
        }
    }

    /// Indices in the order of the rules; each rule is still to be asked.
    func candidates(_ path: String) -> [Int] {
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        while let last = parts.last, last.isEmpty { parts.removeLast() }
        let name = parts.map { SitePattern.decoded(String($0)) }.joined(separator: "/")
        guard let exact = literal[name] else { return variable }
        return (exact + variable).sorted()
    }
}
