import Foundation

/// What a plan is made from: the entries of a commit's root, and the content of those that the template asks for.
struct CommitView: Sendable {
    /// Bytes that a file may have that a template reads.
    static let fileLimit = 32 * 1024 * 1024

    /// Names in the root; folders end in `/`.
    let entries: [String]
    /// Content by name. A file that is in `entries` and not here could not be read: a link, or over the limit.
    let contents: [String: [UInt8]]

    func has(_ file: String) -> Bool { entries.contains(file) }

    init(entries: [String], contents: [String: [UInt8]]) {
        self.entries = entries
        self.contents = contents
    }

    /// Looks at a folder on disk. Blocks.
    init(directory: String, files: [String]) throws(FileError) {
        let folder = try FolderHandle(path: directory)
        var entries: [String] = []
        var contents: [String: [UInt8]] = [:]
        for name in try folder.entries() {
            guard let text = name.text else { continue }
            let status = try folder.status(name)
            entries.append(status.kind == .folder ? text + "/" : text)
            if files.contains(text), status.kind == .file, status.size <= Self.fileLimit {
                contents[text] = try SmallFile.read(name: text, in: folder)
            }
        }
        self.init(entries: entries, contents: contents)
    }
}

extension TemplateManifest {
    /// The JSON files in the root that its conditions and commands look into, sorted.
    var jsonFiles: [String] {
        let tested = tests.compactMap { test in
            switch test {
            case .entries(let file, _, _): file
            case .field(let field): field.file
            case .files, .topFiles, .line: nil
            }
        }
        let read = commands.compactMap { command in
            switch command.form {
            case .argument(let field, _), .shellField(let field): field.file
            case .arguments, .shell, .procfile: nil
            }
        }
        return Set(tested + read).sorted()
    }

    /// All files in the root that its conditions, commands and steps look into, sorted.
    var referencedFiles: [String] {
        let tested = tests.compactMap { test in if case .line(let file, _) = test { file } else { nil } }
        let read = commands.compactMap { command in if case .procfile = command.form { Procfile.fileName } else { nil }
        }
        let reused = build.steps.flatMap { $0.reuse?.files ?? [] }
        let cached = build.caches.flatMap(\.files)
        return Set(jsonFiles + tested + read + reused + cached).sorted()
    }

    /// Files in the root that count when they are there and can be read, and do no harm otherwise, sorted.
    private var optionalFiles: [String] { Set(build.versions.map(\.file) + detect.files).sorted() }

    /// All files in the root that are read for a plan, sorted.
    var filesToRead: [String] { Set(referencedFiles + optionalFiles).sorted() }

    private var commands: [Command] { run.commands + run.release }

    private var tests: [StepCondition.Test] {
        (build.steps.map(\.when) + commands.map(\.when) + build.steps.compactMap { $0.reuse?.below?.when })
            .flatMap { $0.all + $0.any + $0.none } + build.steps.flatMap { $0.reuse?.unless ?? [] }
    }
}
