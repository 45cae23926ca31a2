/// Reads one entry of `build.steps`.
struct StepParser {
    static let keys = ["name", "when", "command", "part", "in", "reuse", "requires", "network", "time-limit", "note"]

    let mapping: YAMLMapping

    func step() -> TemplateManifest.Step? {
        let name = mapping.required("name")
        if !mapping.has("command") { mapping.report("\(mapping.name("command")) is missing") }
        let command = mapping.texts("command")
        if command?.isEmpty == true { mapping.report("\(mapping.name("command")) must not be empty", at: "command") }
        let step = TemplateManifest.Step(
            name: name ?? "", when: ConditionParser(mapping: mapping).condition(), command: command ?? [],
            isDependency: choice("part", ["dependencies", "build"]) == "dependencies",
            isAtTop: choice("in", ["app", "repository"]) == "repository", reuse: reuse(),
            requires: mapping.texts("requires") ?? [], hasNetwork: NetworkSwitch.read(mapping),
            timeLimit: mapping.integer("time-limit", in: 1...86_400), note: mapping.text("note"))
        return name == nil || command == nil ? nil : step
    }

    private func reuse() -> TemplateManifest.Reuse? {
        let known = ["folders", "files", "programs", "unless", "below"]
        guard let reuse = mapping.mapping("reuse", known: known) else { return nil }
        let folders = reuse.texts("folders") ?? []
        if folders.isEmpty || folders.contains(where: { $0.contains("/") || $0.hasPrefix("..") || $0 == "." }) {
            reuse.report("\(reuse.name("folders")) must name folders that the step makes, without /", at: "folders")
        }
        let files = reuse.texts("files") ?? []
        if files.isEmpty { reuse.report("\(reuse.name("files")) must name the files that decide", at: "files") }
        return .init(
            folders: folders, files: files, programs: reuse.texts("programs") ?? [],
            unless: ConditionParser(mapping: reuse).tests(reuse, "unless"), below: below(reuse))
    }

    private func below(_ reuse: YAMLMapping) -> TemplateManifest.Below? {
        guard let below = reuse.mapping("below", known: ["when", "file", "unless"]),
            let file = below.required("file")
        else { return nil }
        if file.utf8.contains(UInt8(ascii: "/")) {
            below.report("\(below.name("file")) must be the name of a file", at: "file")
        }
        let parser = ConditionParser(mapping: below)
        let unless = parser.tests(below, "unless")
        let isOfFile = unless.allSatisfy { test in
            switch test {
            case .field(let field): field.file == file
            case .entries(let other, _, _): other == file
            case .files, .topFiles, .line: false
            }
        }
        if !isOfFile { below.report("\(below.name("unless")) must be json tests of \(file)", at: "unless") }
        return .init(when: parser.condition(), file: file, unless: unless)
    }

    private func choice(_ key: String, _ values: [String]) -> String? {
        guard let text = mapping.text(key) else { return nil }
        if !values.contains(text) {
            mapping.report("\(mapping.name(key)) must be \(values.joined(separator: " or "))", at: key)
        }
        return text
    }
}

/// Reads `network: on` or `off`.
enum NetworkSwitch {
    static func read(_ mapping: YAMLMapping) -> Bool? {
        guard let text = mapping.text("network") else { return nil }
        if text != "on", text != "off" { mapping.report("\(mapping.name("network")) must be on or off", at: "network") }
        return text != "off"
    }
}
