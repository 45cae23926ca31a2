import Foundation

extension TemplateManifest {
    /// Which repositories the template is for, by what is in their root.
    struct Detection: Sendable, Hashable {
        /// Each must be true.
        var all: [Test] = []
        /// One must be true, when there are any.
        var any: [Test] = []

        enum Test: Sendable, Hashable {
            /// The glob matches an entry; folders end in `/`.
            case entry(Glob)
            /// The file has this text somewhere.
            case text(file: String, String)
            /// The JSON file has this field, with a value that is neither `null` nor `false`.
            case field(JSONField)
        }
    }
}

extension TemplateManifest.Detection {
    /// The files whose content counts, sorted.
    var files: [String] {
        let files = (all + any).compactMap { test -> String? in
            switch test {
            case .entry: nil
            case .text(let file, _): file
            case .field(let field): field.file
            }
        }
        return Set(files).sorted()
    }

    /// False for a template that names nothing: it is chosen by name only. A file that is absent, cannot be read or is
    /// not valid has no content here; whether that is a mistake is not for detection to say.
    func matches(_ view: CommitView) -> Bool {
        guard !(all.isEmpty && any.isEmpty) else { return false }
        return all.allSatisfy { Self.isTrue($0, view) } && (any.isEmpty || any.contains { Self.isTrue($0, view) })
    }

    private static func isTrue(_ test: Test, _ view: CommitView) -> Bool {
        switch test {
        case .entry(let glob): return view.entries.contains { glob.matches($0) }
        case .text(let file, let text):
            return view.contents[file].map { Data($0).range(of: Data(text.utf8)) != nil } ?? false
        case .field(let field):
            guard let content = view.contents[field.file] else { return false }
            var value = try? JSONParser.parse(content)
            for key in field.path { value = value?.member(key) }
            return value.map { $0 != .null && $0 != .bool(false) } ?? false
        }
    }
}
