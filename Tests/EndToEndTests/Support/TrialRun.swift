import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// `berthd template try` in a folder for temporary files of its own, and what it has on the machine.
struct TrialRun: Sendable {
    let command: TimedCommand
    /// Eight hex digits in the names of all that it makes.
    let node: String
    private let directory: TemporaryDirectory

    /// Starts a trial and returns when its data folder is there.
    init(template: String, repository: String, options: [String] = []) async throws {
        let directory = try TemporaryDirectory("berth-trial")
        let command = try TimedCommand(
            [TestEnvironment.program("berthd"), "template", "try", template, repository] + options,
            environment: TestEnvironment.plain.merging(["TMPDIR": directory.path]) { $1 })
        var node = ""
        try await eventually("the trial has its data folder") {
            node = Self.node(in: directory.path)
            return node.count == 8 || command.hasEnded
        }
        self.directory = directory
        self.command = command
        self.node = node
    }

    /// A built-in template's folder.
    static func builtIn(_ name: String) -> String { "\(templates)/\(name)" }

    /// The names of all built-in templates.
    static func builtInNames() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: templates).sorted()
        return names.filter { FileManager.default.fileExists(atPath: "\(builtIn($0))/template.yaml") }
    }

    private static var templates: String {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("templates").path
    }

    /// Waits for the end; expects that nothing is left of it.
    func result(sourceLocation: SourceLocation = #_sourceLocation) async throws -> CommandResult {
        let result = try await command.result()
        #expect(node.count == 8, "the trial ended before it began: \(result.errorText)", sourceLocation: sourceLocation)
        #expect(try await belongings() == [], sourceLocation: sourceLocation)
        return result
    }

    /// Paths, tables and mounts that carry its name.
    func belongings() async throws -> Set<String> {
        let manager = FileManager.default
        var found = Set(try manager.contentsOfDirectory(atPath: directory.path))
        let hierarchies = ((try? manager.contentsOfDirectory(atPath: "/sys/fs/cgroup")) ?? []) + ["."]
        let groups = hierarchies.flatMap { hierarchy in
            ["berth/\(node)", "berth-builds-\(node)"].map { "/sys/fs/cgroup/\(hierarchy)/\($0)" }
        }
        found.formUnion(
            (["/run/berth/\(node)", "/sys/class/net/berth-\(node)"] + groups).filter { manager.fileExists(atPath: $0) })
        let tables = try await run(["nft", "list", "tables"])
        try #require(tables.status == 0, "\(tables.errorText)")
        found.formUnion(tables.output.split(separator: "\n").map(String.init).filter { $0.contains(node) })
        let mounts = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/mountinfo")).readToEnd() ?? Data()
        let lines = String(decoding: mounts, as: UTF8.self).split(separator: "\n")
        found.formUnion(lines.map(String.init).filter { $0.contains(node) || $0.contains(directory.path) })
        return found
    }

    /// Whether some file of the release that is built has this name.
    func hasFile(_ name: String) -> Bool {
        FileManager.default.enumerator(atPath: directory.path)?.contains { path in
            (path as? String).map { ($0 as NSString).lastPathComponent == name } ?? false
        } ?? false
    }

    private static func node(in folder: String) -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let text = names.first.flatMap { try? String(contentsOfFile: "\(folder)/\($0)/node", encoding: .utf8) }
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }
}
