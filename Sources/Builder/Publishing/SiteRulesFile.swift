import Core

/// What is wrong with a line of `_redirects` or `_headers`.
struct SiteRuleProblem: Error, Equatable {
    var line: Int
    var text: String
}

/// `_redirects` and `_headers` of a published folder: read at build, so that a mistake is told with its line and nothing
/// is ever checked when a request comes.
struct SiteRulesFile: Equatable {
    enum Kind: String { case redirects = "_redirects", headers = "_headers" }

    /// Bytes of either file.
    static let maximumBytes = 512 * 1024
    /// Bytes of a line.
    static let maximumLine = 2000

    let kind: Kind
    var problems: [SiteRuleProblem] = []
    var warnings: [SiteRuleProblem] = []

    init(_ kind: Kind) { self.kind = kind }

    /// The text of a file; `nil` bytes are one that is too large. Throws `.buildFailed`.
    static func text(_ kind: Kind, _ bytes: [UInt8]?) throws(PlatformError) -> String {
        guard let bytes, let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw notText(kind)
        }
        return text
    }

    static func notText(_ kind: Kind) -> PlatformError {
        PlatformError(.buildFailed, "\(kind.rawValue) must be text of at most \(maximumBytes >> 10) KiB")
    }

    /// The lines with something on them: number from 1, whether the line is indented, its text.
    static func lines(_ text: String) -> [(number: Int, isIndented: Bool, text: Substring)] {
        var found: [(Int, Bool, Substring)] = []
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            guard let first = trimmed.first, first != "#" else { continue }
            let end = trimmed.lastIndex { $0 != " " && $0 != "\t" } ?? trimmed.startIndex
            found.append((index + 1, trimmed.startIndex != line.startIndex, trimmed[...end]))
        }
        return found
    }

    mutating func refuse(_ line: Int, _ text: String) { problems.append(.init(line: line, text: text)) }
    mutating func warn(_ line: Int, _ text: String) { warnings.append(.init(line: line, text: text)) }

    /// Writes what was found, and throws `.buildFailed` when something is wrong.
    func report(to log: any DeployLogSink) throws(PlatformError) {
        for warning in warnings.prefix(20) {
            log.write("warning: \(kind.rawValue) line \(warning.line): \(FileName.display(warning.text))")
        }
        for problem in problems.prefix(20) {
            log.write("\(kind.rawValue) line \(problem.line): \(FileName.display(problem.text))")
        }
        guard let first = problems.first else { return }
        let more = problems.count == 1 ? "" : " (and \(problems.count - 1) more)"
        throw PlatformError(
            .buildFailed, "\(kind.rawValue) line \(first.line): \(FileName.display(first.text))\(more)")
    }

    /// Reads a path pattern. Throws what is wrong with it.
    /// - Parameter allowsAffixes: `*` may stand within a segment.
    static func pattern(_ text: Substring, allowsAffixes: Bool) throws(Fault) -> SitePattern {
        guard text.first == "/" else { throw Fault("the path must begin with /") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != 0x5c }) else {
            throw Fault("the path holds a character that no URL has")
        }
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        while let last = parts.last, last.isEmpty { parts.removeLast() }
        guard parts.count <= 64 else { throw Fault("the path has more than 64 parts") }
        var segments: [SitePattern.Segment] = []
        var names: Set<Substring> = []
        var hasSplat = false
        for (index, part) in parts.enumerated() {
            guard !part.isEmpty, part != ".", part != ".." else { throw Fault("the path has an empty part, . or ..") }
            if part == "*", index == parts.count - 1 {
                hasSplat = true
            } else if part.first == ":" {
                let name = part.dropFirst()
                guard isName(name) else { throw Fault("\(part) is not a placeholder: letters, digits and _ only") }
                guard names.insert(name).inserted, name != "splat" else { throw Fault("\(part) is there twice") }
                segments.append(.placeholder(String(name)))
            } else if let star = part.firstIndex(of: "*") {
                guard allowsAffixes else { throw Fault("* may only stand at the end, after a /") }
                let end = part[part.index(after: star)...]
                guard !end.contains("*") else { throw Fault("one part of a path may have one * only") }
                segments.append(.affixes(String(part[..<star]), String(end)))
            } else {
                segments.append(.text(SitePattern.decoded(String(part))))
            }
        }
        return SitePattern(segments: segments, hasSplat: hasSplat)
    }

    static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    struct Fault: Error, Equatable {
        let text: String
        init(_ text: String) { self.text = text }
    }
}
