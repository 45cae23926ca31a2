/// Reads `when`.
struct ConditionParser {
    /// What has the `when`.
    let mapping: YAMLMapping

    func condition() -> StepCondition {
        guard let when = mapping.mapping("when", known: ["all", "any", "none"]) else { return StepCondition() }
        return StepCondition(all: tests(when, "all"), any: tests(when, "any"), none: tests(when, "none"))
    }

    /// A list of tests; empty when there is none.
    func tests(_ when: YAMLMapping, _ key: String) -> [StepCondition.Test] {
        when.mappings(key, known: ["file", "json", "text", "in"]).compactMap { test in
            guard ["file", "json", "text"].filter({ test.has($0) }).count == 1 else {
                test.report("\(test.path) must have one of file, json and text")
                return nil
            }
            let isAtTop = place(test)
            if let files = test.texts("file", orOne: true) {
                let globs = files.map { Glob($0) }
                return isAtTop ? .topFiles(globs) : .files(globs)
            }
            return test.has("json") ? json(test) : text(test)
        }
    }

    /// Whether a test is of the repository's root.
    private func place(_ test: YAMLMapping) -> Bool {
        guard let text = test.text("in") else { return false }
        if text != "repository" { test.report("\(test.name("in")) must be repository", at: "in") }
        if !test.has("file") { test.report("\(test.name("in")) is only for file", at: "in") }
        return true
    }

    private func json(_ test: YAMLMapping) -> StepCondition.Test? {
        guard let json = test.mapping("json", known: ["file", "entries-of", "except", "field"]),
            let file = json.required("file")
        else { return nil }
        guard json.has("entries-of") != json.has("field") else {
            json.report("\(json.path) must have either entries-of or field")
            return nil
        }
        if let field = json.texts("field") { return .field(JSONField(file: file, path: field)) }
        guard let keys = json.texts("entries-of", orOne: true), !keys.isEmpty else {
            json.report("\(json.name("entries-of")) is missing", at: "entries-of")
            return nil
        }
        return .entries(file: file, keys: keys, except: json.names("except").map { Glob($0) })
    }

    private func text(_ test: YAMLMapping) -> StepCondition.Test? {
        guard let text = test.mapping("text", known: ["file", "line"]), let file = text.required("file") else {
            return nil
        }
        guard let globs = text.texts("line", orOne: true), !globs.isEmpty else {
            text.report("\(text.name("line")) is missing")
            return nil
        }
        return .line(file: file, globs.map { Glob($0.lowercased()) })
    }
}
