import Core
import Crypto
import Foundation

/// What a template's conditions and commands see of one folder: its entries, and the JSON and text files in it.
struct RootView {
    private let view: CommitView
    private let documents: [String: JSONValue]

    /// Throws `.buildFailed` when a file that the template reads is not valid.
    init(_ view: CommitView, for manifest: TemplateManifest) throws(PlatformError) {
        self.view = view
        let json = Set(manifest.jsonFiles)
        var documents: [String: JSONValue] = [:]
        for file in manifest.referencedFiles where view.has(file) {
            guard let content = view.contents[file] else {
                let limit = CommitView.fileLimit >> 20
                throw PlatformError(.buildFailed, "\(file) must be a regular file of at most \(limit) MiB")
            }
            guard json.contains(file) else { continue }
            do throws(JSONError) {
                documents[file] = try JSONParser.parse(content)
            } catch {
                throw PlatformError(.buildFailed, "\(file) is not valid JSON: \(error)")
            }
        }
        self.documents = documents
    }

    func has(_ file: String) -> Bool { view.has(file) }
    private func has(_ globs: [Glob]) -> Bool {
        view.entries.contains { entry in globs.contains { $0.matches(entry) } }
    }

    /// The version that the folder asks for there. Other programs read these files too and know further forms; what is
    /// not a text counts as absent.
    func version(_ source: TemplateManifest.VersionSource) -> String? {
        guard let content = view.contents[source.file] else { return nil }
        guard let field = source.field else {
            let lines = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline)
            return lines.lazy.map(\.trimmed).first { !$0.isEmpty && !$0.hasPrefix("#") }
        }
        var value = documents[source.file] ?? (try? JSONParser.parse(content))
        for key in field { value = value?.member(key) }
        guard case .string(let text) = value else { return nil }
        return text
    }

    /// SHA-256 over names and contents, in hex; a file that is not there counts as such.
    func digest(of files: [String]) -> String {
        var hash = SHA256()
        for file in files.sorted() {
            let content = view.contents[file]
            hash.update(data: Data("\(file) \(content?.count ?? -1)\n".utf8))
            if let content { hash.update(data: content) }
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// The same of these files here and in another folder.
    func digest(of files: [String], in other: RootView?) -> String {
        guard let other else { return digest(of: files) }
        let both = Data("\(digest(of: files)) \(other.digest(of: files))".utf8)
        return SHA256.hash(data: both).map { String(format: "%02x", $0) }.joined()
    }

    /// - Parameter top: the repository's root; `nil` when it is this folder.
    func isMet(_ condition: StepCondition, top: RootView?) throws(PlatformError) -> Bool {
        for test in condition.all { if try !isTrue(test, top: top) { return false } }
        for test in condition.none { if try isTrue(test, top: top) { return false } }
        if condition.any.isEmpty { return true }
        for test in condition.any { if try isTrue(test, top: top) { return true } }
        return false
    }

    /// The command's arguments; `nil` when it does not fit this folder.
    func arguments(_ command: TemplateManifest.Command, top: RootView?) throws(PlatformError) -> [String]? {
        guard try isMet(command.when, top: top) else { return nil }
        switch command.form {
        case .arguments(let arguments): return arguments
        case .argument(let field, let arguments): return try text(field).map { arguments + [$0] }
        case .shell(let script): return Self.shell(script)
        case .shellField(let field): return try text(field).map(Self.shell)
        case .procfile(let process):
            return view.contents[Procfile.fileName].flatMap { Procfile($0).processes[process] }.map(Self.shell)
        }
    }

    /// bash puts a single command in its own place, so that signals reach the app; dash stays in between.
    static func shell(_ script: String) -> [String] { ["/bin/bash", "-c", script] }

    private func isTrue(_ test: StepCondition.Test, top: RootView?) throws(PlatformError) -> Bool {
        switch test {
        case .files(let globs): return has(globs)
        case .topFiles(let globs): return (top ?? self).has(globs)
        case .entries(let file, let keys, let except):
            return keys.contains { key in documents[file]?.member(key)?.hasEntry(except: except) ?? false }
        case .field(let field): return try text(field) != nil
        case .line(let file, let globs):
            guard let content = view.contents[file] else { return false }
            return String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
                let text = line.trimmed.lowercased()
                return globs.contains { $0.matches(text, isPath: false) }
            }
        }
    }

    /// `nil` when the file, the field or its text is not there.
    private func text(_ field: JSONField) throws(PlatformError) -> String? {
        guard var value = documents[field.file] else { return nil }
        for (index, key) in field.path.enumerated() {
            guard case .object = value else {
                let place = field.path[..<index].joined(separator: ".")
                let what = place.isEmpty ? "its content" : place
                throw PlatformError(.buildFailed, "\(field.file): \(what) must be an object")
            }
            guard let next = value.member(key), next != .null else { return nil }
            value = next
        }
        guard case .string(let text) = value, !text.utf8.contains(0) else {
            throw PlatformError(
                .buildFailed, "\(field.file): \(field.path.joined(separator: ".")) must be a text")
        }
        let isBlank = text.allSatisfy(\.isWhitespace)
        return isBlank ? nil : text
    }
}
