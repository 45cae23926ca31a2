/// Reads `detect`.
struct DetectionParser {
    /// The file's top level.
    let top: YAMLMapping

    func detection() -> TemplateManifest.Detection {
        guard let detect = top.mapping("detect", known: ["all", "any"]) else { return .init() }
        return .init(all: tests(detect, "all"), any: tests(detect, "any"))
    }

    private func tests(_ detect: YAMLMapping, _ key: String) -> [TemplateManifest.Detection.Test] {
        detect.items(key, known: ["file", "contains", "field"]).compactMap { item in
            switch item {
            case .text(let glob): .entry(Glob(glob))
            case .mapping(let mapping): content(mapping)
            }
        }
    }

    private func content(_ test: YAMLMapping) -> TemplateManifest.Detection.Test? {
        guard let file = test.required("file") else { return nil }
        guard test.has("contains") != test.has("field") else {
            test.report("\(test.path) must have either contains or field")
            return nil
        }
        if test.has("contains") { return test.text("contains").map { .text(file: file, $0) } }
        guard let path = test.texts("field"), !path.isEmpty else {
            test.report("\(test.name("field")) must be a list of keys, as in [dependencies, next]", at: "field")
            return nil
        }
        return .field(JSONField(file: file, path: path))
    }
}
