/// Reads one entry of `build.steps`.
struct StepParser {
    static let keys = ["name", "when", "command", "requires", "time-limit", "note"]

    let mapping: YAMLMapping

    func step() -> TemplateManifest.Step? {
        let name = mapping.required("name")
        if !mapping.has("command") { mapping.report("\(mapping.name("command")) is missing") }
        let command = mapping.texts("command")
        if command?.isEmpty == true { mapping.report("\(mapping.name("command")) must not be empty", at: "command") }
        let step = TemplateManifest.Step(
            name: name ?? "", when: condition(), command: command ?? [], requires: mapping.texts("requires") ?? [],
            timeLimit: mapping.integer("time-limit", in: 1...86_400), note: mapping.text("note"))
        return name == nil || command == nil ? nil : step
    }

    private func condition() -> StepCondition {
        guard let when = mapping.mapping("when", known: ["all", "any", "none"]) else { return StepCondition() }
        return StepCondition(all: tests(when, "all"), any: tests(when, "any"), none: tests(when, "none"))
    }

    private func tests(_ when: YAMLMapping, _ key: String) -> [StepCondition.Test] {
        when.mappings(key, known: ["file", "json"]).compactMap { test in
            guard test.has("file") != test.has("json") else {
                test.report("\(test.path) must have either file or json")
                return nil
            }
            if let files = test.texts("file", orOne: true) { return .files(files.map { Glob($0) }) }
            guard let json = test.mapping("json", known: ["file", "entries-of", "except"]),
                let file = json.required("file")
            else { return nil }
            guard let keys = json.texts("entries-of", orOne: true), !keys.isEmpty else {
                json.report("\(json.name("entries-of")) is missing", at: "entries-of")
                return nil
            }
            return .entries(file: file, keys: keys, except: json.names("except"))
        }
    }
}

/// Reads `run.command` or `run.commands`.
struct RunCommandParser {
    let mapping: YAMLMapping

    func commands() -> [TemplateManifest.Command] {
        guard mapping.has("command") != mapping.has("commands") else {
            mapping.report("run must have either command or commands")
            return []
        }
        if let arguments = mapping.texts("command") {
            if arguments.isEmpty { mapping.report("run.command must not be empty", at: "command") }
            return [.arguments(arguments, file: nil)]
        }
        let known = ["arguments", "file", "argument-from", "shell-from"]
        let commands = mapping.mappings("commands", known: known).compactMap { command($0) }
        if commands.isEmpty { mapping.report("run.commands must not be empty", at: "commands") }
        return commands
    }

    private func command(_ entry: YAMLMapping) -> TemplateManifest.Command? {
        if entry.has("shell-from") {
            for key in ["arguments", "file", "argument-from"] where entry.has(key) {
                entry.report("\(entry.path) has shell-from, so \(key) is not used", at: key)
            }
            return field(entry, "shell-from").map { .shell($0) }
        }
        guard let arguments = entry.texts("arguments"), !arguments.isEmpty else {
            entry.report("\(entry.path) must have shell-from or arguments")
            return nil
        }
        if entry.has("argument-from") {
            if entry.has("file") { entry.report("\(entry.path) has argument-from, so file is not used", at: "file") }
            return field(entry, "argument-from").map { .argument($0, after: arguments) }
        }
        return .arguments(arguments, file: entry.text("file"))
    }

    private func field(_ entry: YAMLMapping, _ key: String) -> JSONField? {
        guard let json = entry.mapping(key, known: ["file", "field"]) else { return nil }
        guard let file = json.required("file"), let path = json.texts("field"), !path.isEmpty else {
            json.report("\(json.name("field")) must be a list of keys, as in [scripts, start]", at: "field")
            return nil
        }
        return JSONField(file: file, path: path)
    }
}
