import Core

/// What an app says of itself in `berth.yaml` in its repository's root: values in place of its template's
/// (`docs/TEMPLATES.md`). Every one is optional.
struct AppManifest: Sendable, Hashable {
    static let fileName = "berth.yaml"
    /// Bytes that the file may have.
    static let fileLimit = 64 * 1024

    /// Folder that the app is in, for repositories that hold several; no leading or trailing `/`.
    var root: String?
    /// Lines for a shell, in place of the template's own build steps; the steps that install dependencies stay.
    var build: [String]?
    /// For sites: the folder that is published.
    var output: String?
    /// Line for a shell that starts the process.
    var start: String?
    /// Line for a shell that is run once after the build, before the new version is started.
    var release: String?
    var healthPath: String?
    var readiness: RunPlan.Readiness?
    var readySeconds: Int?
    var limits: LimitRequest?
    /// `worker`, in place of the template's kind of process.
    var kind: RunPlan.Kind?
    var strategy: RunPlan.Strategy?
    /// Seconds without a request after which the process is stopped, until the next one.
    var sleepSeconds: Int?
    /// Folders below `root` that outlast releases.
    var volumes: [String]?
    /// Where the values stand in the file, by key (`root`, `limits.memory`): line and column, `2:9`.
    var places: [String: String] = [:]

    /// How a message about a key begins: `berth.yaml:2:9: output`.
    func place(_ key: String) -> String {
        "\(Self.fileName):\(places[key].map { "\($0):" } ?? "") \(key)"
    }
}
