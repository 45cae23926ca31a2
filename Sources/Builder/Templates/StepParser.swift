/// Reads one entry of `build.steps`.
struct StepParser {
    static let keys = ["name", "when", "command", "part", "in", "requires", "time-limit", "note"]

    let mapping: YAMLMapping

    func step() -> TemplateManifest.Step? {
        let name = mapping.required("name")
        if !mapping.has("command") { mapping.report("\(mapping.name("command")) is missing") }
        let command = mapping.texts("command")
        if command?.isEmpty == true { mapping.report("\(mapping.name("command")) must not be empty", at: "command") }
        let step = TemplateManifest.Step(
            name: name ?? "", when: ConditionParser(mapping: mapping).condition(), command: command ?? [],
            isDependency: choice("part", ["dependencies", "build"]) == "dependencies",
            isAtTop: choice("in", ["app", "repository"]) == "repository", requires: mapping.texts("requires") ?? [],
            timeLimit: mapping.integer("time-limit", in: 1...86_400), note: mapping.text("note"))
        return name == nil || command == nil ? nil : step
    }

    private func choice(_ key: String, _ values: [String]) -> String? {
        guard let text = mapping.text(key) else { return nil }
        if !values.contains(text) {
            mapping.report("\(mapping.name(key)) must be \(values.joined(separator: " or "))", at: key)
        }
        return text
    }
}
