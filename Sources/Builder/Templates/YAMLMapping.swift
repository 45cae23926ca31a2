import Yams

/// Collects what is wrong while a file is read, so that its author sees all of it at once.
final class ProblemList {
    let file: String
    private(set) var problems: [TemplateProblem] = []

    init(file: String) { self.file = file }

    func add(_ message: String, at mark: Mark? = nil) {
        problems.append(TemplateProblem(file: file, line: mark?.line, column: mark?.column, message: message))
    }
}

/// One mapping of a YAML file, read key by key. A wrong value is reported and read as absent.
struct YAMLMapping {
    /// Where it stands, for messages: `build.steps[0]`; empty at the top.
    let path: String
    let mark: Mark?
    private let values: [String: Node]
    private let list: ProblemList

    /// Reports keys that are not in `known`, with the one that was probably meant.
    init(_ mapping: Node.Mapping, path: String, known: [String], list: ProblemList) {
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, known.contains(name) else {
                let shown = FileName.display(key.scalar?.string ?? "…")
                let hint = Spelling.suggestion(for: shown, among: known).map { "; did you mean \"\($0)\"?" }
                let place = path.isEmpty ? "" : " in \(path)"
                let end = hint ?? "; the keys are: \(known.joined(separator: ", "))"
                list.add("unknown key \"\(shown)\"\(place)\(end)", at: key.mark)
                continue
            }
            values[name] = value
        }
        self.path = path
        self.values = values
        self.list = list
        mark = mapping.mark
    }

    func has(_ key: String) -> Bool { values[key] != nil }
    func isText(_ key: String) -> Bool { values[key]?.scalar != nil }
    /// Where the key's value stands; `nil` when the key is absent.
    func place(_ key: String) -> Mark? { values[key]?.mark }
    func report(_ message: String, at key: String? = nil) {
        list.add(message, at: key.flatMap { values[$0]?.mark } ?? mark)
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A text that is not empty. Numbers and booleans count as they are written.
    func text(_ key: String) -> String? {
        guard let node = values[key] else { return nil }
        return text(node, name(key))
    }

    func required(_ key: String) -> String? {
        if !has(key) { report("\(name(key)) is missing") }
        return text(key)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = values[key] else { return nil }
        guard let number = node.scalar.flatMap({ Int($0.string) }), range.contains(number) else {
            list.add(
                "\(name(key)) must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: node.mark)
            return nil
        }
        return number
    }

    /// A list of texts; with `orOne`, a single text counts as a list of one.
    func texts(_ key: String, orOne: Bool = false) -> [String]? {
        guard let node = values[key] else { return nil }
        if orOne, node.scalar != nil { return text(node, name(key)).map { [$0] } }
        guard let sequence = node.sequence else {
            list.add("\(name(key)) must be a list of texts, as in [a, b]", at: node.mark)
            return nil
        }
        return sequence.enumerated().compactMap { text($0.element, "\(name(key))[\($0.offset)]") }
    }

    /// A text or a mapping.
    enum Item {
        case text(String)
        case mapping(YAMLMapping)
    }

    /// A list of texts and mappings.
    func items(_ key: String, known: [String]) -> [Item] {
        guard let node = values[key] else { return [] }
        guard let sequence = node.sequence else {
            list.add("\(name(key)) must be a list of texts, as in [a, b]", at: node.mark)
            return []
        }
        return sequence.enumerated().compactMap { index, node in
            let name = "\(name(key))[\(index)]"
            if node.mapping == nil { return text(node, name).map { .text($0) } }
            return mapping(node, name, known).map { .mapping($0) }
        }
    }

    /// A list of names, which may be empty texts; none when it is absent.
    func names(_ key: String) -> [String] {
        guard let node = values[key] else { return [] }
        guard let sequence = node.sequence, sequence.allSatisfy({ $0.scalar != nil }) else {
            list.add("\(name(key)) must be a list of texts, as in [a, b]", at: node.mark)
            return []
        }
        return sequence.compactMap { $0.scalar?.string }
    }

    /// A mapping of names to texts, such as variables.
    func table(_ key: String) -> [String: String]? {
        guard let node = values[key] else { return nil }
        guard let mapping = node.mapping else {
            list.add("\(name(key)) must be a mapping of names to texts", at: node.mark)
            return nil
        }
        var table: [String: String] = [:]
        for (key, value) in mapping {
            guard let variable = key.scalar?.string, Self.isVariable(variable) else {
                list.add("\(path).environment: a variable's name is letters, digits and _", at: key.mark)
                continue
            }
            table[variable] = value.scalar?.string
            if value.scalar == nil { list.add("\(path).environment.\(variable) must be a text", at: value.mark) }
        }
        return table
    }

    func mapping(_ key: String, known: [String]) -> YAMLMapping? {
        guard let node = values[key] else { return nil }
        return mapping(node, name(key), known)
    }

    func mappings(_ key: String, known: [String]) -> [YAMLMapping] {
        guard let node = values[key] else { return [] }
        guard let sequence = node.sequence else {
            list.add("\(name(key)) must be a list", at: node.mark)
            return []
        }
        return sequence.enumerated().compactMap { mapping($0.element, "\(name(key))[\($0.offset)]", known) }
    }

    private func mapping(_ node: Node, _ name: String, _ known: [String]) -> YAMLMapping? {
        guard let mapping = node.mapping else {
            list.add("\(name) must be a mapping with keys of: \(known.joined(separator: ", "))", at: node.mark)
            return nil
        }
        return YAMLMapping(mapping, path: name, known: known, list: list)
    }

    private func text(_ node: Node, _ name: String) -> String? {
        guard let text = node.scalar?.string, !text.isEmpty, !text.utf8.contains(0) else {
            list.add("\(name) must be a text that is not empty", at: node.mark)
            return nil
        }
        return text
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
        }
    }
}
