/// Reads `run.command`, `run.commands` and `run.release`.
struct RunCommandParser {
    private static let forms = ["arguments", "shell", "shell-from", "procfile"]

    let mapping: YAMLMapping

    func commands() -> [TemplateManifest.Command] {
        guard mapping.has("command") != mapping.has("commands") else {
            mapping.report("run must have either command or commands")
            return []
        }
        if let arguments = mapping.texts("command") {
            if arguments.isEmpty { mapping.report("run.command must not be empty", at: "command") }
            return [TemplateManifest.Command(form: .arguments(arguments))]
        }
        let commands = list("commands")
        if commands.isEmpty { mapping.report("run.commands must not be empty", at: "commands") }
        return commands
    }

    func release() -> [TemplateManifest.Command] { list("release") }

    private func list(_ key: String) -> [TemplateManifest.Command] {
        mapping.mappings(key, known: Self.forms + ["argument-from", "file", "when"]).compactMap { command($0) }
    }

    private func command(_ entry: YAMLMapping) -> TemplateManifest.Command? {
        let forms = Self.forms.filter { entry.has($0) }
        guard forms.count == 1, let key = forms.first else {
            entry.report("\(entry.path) must have one of \(Self.forms.joined(separator: ", "))")
            return nil
        }
        if key != "arguments", entry.has("argument-from") {
            entry.report("\(entry.path) has \(key), so argument-from is not used", at: "argument-from")
        }
        var when = ConditionParser(mapping: entry).condition()
        if let file = entry.text("file") { when.all.append(.files([Glob(file)])) }
        return form(key, entry).map { TemplateManifest.Command(when: when, form: $0) }
    }

    private func form(_ key: String, _ entry: YAMLMapping) -> TemplateManifest.Command.Form? {
        switch key {
        case "shell": return entry.text("shell").map { .shell($0) }
        case "shell-from": return field(entry, "shell-from").map { .shellField($0) }
        case "procfile": return entry.text("procfile").map { .procfile($0) }
        default:
            guard let arguments = entry.texts("arguments"), !arguments.isEmpty else {
                entry.report("\(entry.name("arguments")) must not be empty", at: "arguments")
                return nil
            }
            guard entry.has("argument-from") else { return .arguments(arguments) }
            return field(entry, "argument-from").map { .argument($0, after: arguments) }
        }
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
