/// Where the host's own packages come from, read from its `apt` configuration (sources.list(5)): the entries that are of
/// its suite, so that what an operator added for other programs stays out.
struct DebianSources: Sendable, Hashable {
    /// In the one-line format.
    private(set) var lines: [String] = []
    /// In the deb822 format.
    private(set) var stanzas: [String] = []

    let suite: String

    init(suite: String) { self.suite = suite }

    /// Adds what a `.list` file has for the suite.
    mutating func addList(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.prefix { $0 != "#" }
            // Options are in brackets, with or without spaces.
            guard let end = content.firstIndex(of: "]") ?? content.firstIndex(where: \.isWhitespace) else { continue }
            let words = content[end...].dropFirst().split(whereSeparator: \.isWhitespace)
            guard content.hasPrefix("deb ") || content.hasPrefix("deb\t"), !content.contains("cdrom:"),
                words.count >= 2,
                isOurs(words[1])
            else {
                continue
            }
            lines.append(String(content))
        }
    }

    /// Adds what a `.sources` file has for the suite.
    mutating func addStanzas(_ text: String) {
        var stanza: [Substring] = []
        let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false) + [""]
        for line in lines {
            if line.allSatisfy(\.isWhitespace) {
                if isOurs(stanza: stanza) { stanzas.append(stanza.joined(separator: "\n")) }
                stanza = []
            } else if !line.hasPrefix("#") {
                stanza.append(line)
            }
        }
    }

    /// As a file in each format; `nil` for a format without entries.
    var list: String? { lines.isEmpty ? nil : lines.joined(separator: "\n") + "\n" }
    var sources: String? { stanzas.isEmpty ? nil : stanzas.joined(separator: "\n\n") + "\n" }

    /// The suite itself, its updates, its security fixes: `bookworm`, `bookworm-updates`, `bookworm-security`,
    /// `bookworm/updates`.
    private func isOurs(_ name: Substring) -> Bool {
        name == suite || name.hasPrefix("\(suite)-") || name.hasPrefix("\(suite)/")
    }

    private func isOurs(stanza: [Substring]) -> Bool {
        func values(_ key: String) -> [Substring] {
            let line = stanza.first { $0.lowercased().hasPrefix("\(key):") }
            return line?.dropFirst(key.count + 1).split(whereSeparator: \.isWhitespace) ?? []
        }
        let suites = values("suites")
        return values("types").contains("deb") && !suites.isEmpty && suites.allSatisfy { isOurs($0) }
            && values("enabled").first?.lowercased() != "no"
    }
}
