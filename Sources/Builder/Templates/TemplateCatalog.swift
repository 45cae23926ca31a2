import Core
import Foundation

/// The templates that are installed: the built-in folder's and the operator's, by order, then name.
public struct TemplateCatalog: Sendable {
    /// The file that makes a folder a template.
    public static let manifestName = "template.yaml"
    /// Bytes that a `template.yaml` may have.
    static let manifestLimit = 256 * 1024

    /// By order, then name.
    public let templates: [TemplateManifest]

    public init(templates: [TemplateManifest]) {
        self.templates = templates.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    }

    /// Reads every folder in `builtIn`, then those in `operatorFolder`; there, a template replaces the built-in one of
    /// its name. Throws `.invalid` with every problem, one a line. Blocks; for the start of the server.
    public init(builtIn: String, operatorFolder: String? = nil) throws(PlatformError) {
        var found: [String: TemplateManifest] = [:]
        var problems: [TemplateProblem] = []
        for folder in [builtIn, operatorFolder].compactMap({ $0 }) {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
                throw .invalid("the templates folder \(folder) cannot be read")
            }
            for name in names.sorted() where Self.isTemplate("\(folder)/\(name)") {
                do throws(TemplateProblems) {
                    found[name] = try Self.manifest(directory: "\(folder)/\(name)")
                } catch {
                    problems += error.problems
                }
            }
        }
        guard problems.isEmpty else { throw .invalid(TemplateProblems(problems: problems).description) }
        self.init(templates: Array(found.values))
    }

    /// Only the template in this folder. Throws `.invalid` with every problem, one a line. Blocks.
    public init(template directory: String) throws(PlatformError) {
        do throws(TemplateProblems) {
            self.init(templates: [try Self.manifest(directory: directory)])
        } catch {
            throw .invalid(error.description)
        }
    }

    /// The templates' names, by order, then name.
    public var names: [String] { templates.map(\.name) }

    /// `nil` when no template of that name is installed.
    public subscript(name: String) -> TemplateManifest? { templates.first { $0.name == name } }

    /// The files that `detect` looks into, sorted.
    var filesToDetect: [String] { Set(templates.flatMap(\.detect.files)).sorted() }

    /// The first template whose `detect` part fits a repository with this root, of which `filesToDetect` were read.
    func detect(_ view: CommitView) -> TemplateManifest? { templates.first { $0.detect.matches(view) } }

    /// Reads one template's folder. Its name must be the folder's.
    static func manifest(directory: String) throws(TemplateProblems) -> TemplateManifest {
        let file = "\(directory)/\(manifestName)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw TemplateProblems(problems: [TemplateProblem(file: file, message: "cannot be read")])
        }
        guard data.count <= manifestLimit, let text = String(validating: data, as: UTF8.self) else {
            let message = "must be UTF-8 text of at most \(manifestLimit) bytes"
            throw TemplateProblems(problems: [TemplateProblem(file: file, message: message)])
        }
        let manifest = try TemplateManifestParser.parse(text, file: file)
        let folder = URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
        guard manifest.name == folder else {
            let message = "name is \"\(manifest.name)\" and the folder's is \"\(folder)\"; they must be the same"
            throw TemplateProblems(problems: [TemplateProblem(file: file, message: message)])
        }
        return manifest
    }

    private static func isTemplate(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(directory)/\(manifestName)")
    }
}
