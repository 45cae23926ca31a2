import Core
import Foundation

/// What a template and a commit come to: commands to run, what to publish, how to start. Pure data.
public struct BuildPlan: Sendable, Hashable, Codable {
    /// Name of the template.
    public var template: String
    public var steps: [BuildStep]
    /// Programs that the release needs when it runs.
    public var requires: [String]
    /// What of the files is published; only when nothing runs.
    public var site: SitePlan?
    public var run: RunPlan

    /// As `expected-plan.json` has it: keys sorted, two spaces, a line end.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

/// A command that runs in a container, with the files at `/app`.
public struct BuildStep: Sendable, Hashable, Codable {
    /// As the log calls it: `npm ci`, `install.sh`.
    public var name: String
    public var arguments: [String]
    /// Variables of the template, below the app's own.
    public var environment: [String: String]
    /// Programs that the container must have.
    public var requires: [String]
    /// Seconds.
    public var timeLimit: Int
    /// Line for the log before it runs.
    public var note: String?
}

/// Which folder of the finished files is published, and what of it.
public struct SitePlan: Sendable, Hashable, Codable {
    /// Folders from the repository's root, `.` for the root itself. The first that holds `marker` is published; when
    /// none does, the first.
    public var candidates = ["."]
    public var marker = "index.html"
    /// Names and paths that are not published, nor what is below them.
    public var exclude: [Glob] = []
    /// Exceptions to `exclude`.
    public var except: [Glob] = []

    /// - Parameter path: from the repository's root, no leading `/`; its last part is `name`.
    func isExcluded(name: String, path: String) -> Bool {
        exclude.contains { $0.matches(name: name, path: path) }
            && !except.contains { $0.matches(name: name, path: path) }
    }
}
