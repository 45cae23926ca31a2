import Core
import Foundation

/// What a template and a commit come to: commands to run, what to publish, how to start. Pure data.
struct BuildPlan: Sendable, Hashable, Codable {
    /// Name of the template.
    var template: String
    var steps: [BuildStep]
    /// Debian packages that make the containers' file system; `nil` for the host's.
    var packages: [String]?
    /// Programs that the release needs when it runs.
    var requires: [String]
    /// Versions of programs that the repository asks for; `nil` when it asks for none.
    var versions: [VersionWish]?
    /// Folders that builds leave to later ones; `nil` when there are none.
    var caches: [CachePlan]?
    /// Folder that the app is in, from the repository's root; `nil` for the root itself.
    var directory: String?
    /// What of the files is published; only when nothing runs.
    var site: SitePlan?
    var run: RunPlan

    /// As `expected-plan.json` has it: keys sorted, two spaces, a line end.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

/// A folder that the steps have at `/cache/<name>`, and later builds of the app again.
struct CachePlan: Sendable, Hashable, Codable {
    var name: String
    /// SHA-256 of the files that it is for, in hex.
    var key: String
    /// With more than that it is not kept.
    var bytes: Int
}

/// The version of a program that a file of the repository asks for.
struct VersionWish: Sendable, Hashable, Codable {
    var program: String
    /// Where it stands, for people: `package.json (engines.node)`.
    var place: String
    /// As it is written there: `>=20`.
    var wanted: String
}

/// A command that runs in a container, with the files at `/app`.
struct BuildStep: Sendable, Hashable, Codable {
    /// As the log calls it: `npm ci`, `install.sh`.
    var name: String
    var arguments: [String]
    /// Variables of the template, below the app's own.
    var environment: [String: String]
    /// Programs that the container must have.
    var requires: [String]
    /// Seconds.
    var timeLimit: Int
    /// Line for the log before it runs.
    var note: String?
    /// Folder below `/app` that it runs in; `nil` for `/app` itself.
    var directory: String?
    /// It reaches nothing outside of its container; `nil` is false.
    var isOffline: Bool?
    /// What it makes and from what, so that the same need not be made again.
    var reuse: Reuse?

    struct Reuse: Sendable, Hashable, Codable {
        /// Folders that the step makes, in the one that it runs in.
        var folders: [String]
        /// SHA-256 of the files that decide what it makes, in hex.
        var inputs: String
        /// Further programs whose version counts.
        var programs: [String]
        /// Folders below the one that the step runs in, in which it makes folders of the same names, sorted; `nil` for none.
        var below: [String]?
    }
}

/// Which folder of the finished files is published, and what of it.
struct SitePlan: Sendable, Hashable, Codable {
    /// Folders from the repository's root, `.` for the root itself. The first that holds `marker` is published; when
    /// none does, the first.
    var candidates = ["."]
    var marker = "index.html"
    /// Names and paths that are not published, nor what is below them.
    var exclude: [Glob] = []
    /// Exceptions to `exclude`.
    var except: [Glob] = []
    /// How a message about the one candidate begins when the app itself names it (`berth.yaml:2:9: output`); `nil` when the
    /// template does.
    var origin: String?

    /// None of the folders is there. Nothing else is published in their place: it would be the sources.
    var missingFolder: PlatformError {
        let folders = candidates.map { "\($0)/" }.joined(separator: ", ")
        let what = origin.map { "\($0): there is no folder \(folders)" } ?? "there is no folder to publish: \(folders)"
        return PlatformError(.buildFailed, "\(what) after the build; a link to one does not count")
    }

    /// - Parameter path: from the repository's root, no leading `/`; its last part is `name`.
    func isExcluded(name: String, path: String) -> Bool {
        exclude.contains { $0.matches(name: name, path: path) }
            && !except.contains { $0.matches(name: name, path: path) }
    }
}
