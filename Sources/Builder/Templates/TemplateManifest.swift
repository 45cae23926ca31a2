import Core

/// A runtime as `template.yaml` describes it (schema 1; `templates/README.md` is the author's guide).
public struct TemplateManifest: Sendable, Hashable {
    /// The version of `template.yaml` that this server reads.
    public static let schema = 1

    /// A DNS label, the name of the template's folder.
    public var name: String
    /// Templates are listed and tried in this order, then by name.
    public var order: Int
    /// One line for lists of templates.
    public var description: String
    var detect: Detection
    var build: Build
    var run: Run
    /// Debian packages that make the containers' file system; `nil` for the host's.
    var packages: [String]?

    /// Whether packages are installed for it.
    public var needsPackages: Bool { packages != nil }

    struct Build: Sendable, Hashable {
        var steps: [Step] = []
        /// Where repositories say which version of a program they want.
        var versions: [VersionSource] = []
        /// Variables of the steps and the install script, below the app's own.
        var environment: [String: String] = [:]
        /// Root file that is run with `/bin/sh` after the steps, when the repository has it.
        var installScript: String?
        /// Folders that are left to the app's later builds.
        var caches: [Cache] = []
        /// Whether steps reach anything outside of their container, unless they say otherwise.
        var hasNetwork = true
        /// Seconds for the install script, and for steps that set none.
        var timeLimit = 600
        /// For `static`: what is published.
        var site: SitePlan?
    }

    /// A place where a repository may say which version of a program it wants.
    struct VersionSource: Sendable, Hashable {
        var program: String
        /// In the root. A text file's first line counts.
        var file: String
        /// Object keys from the outside in, when the file is JSON.
        var field: [String]?
    }

    /// A folder that the steps have at `/cache/<name>`.
    struct Cache: Sendable, Hashable {
        var name: String
        /// In the root. Builds with the same content of these get the same folder.
        var files: [String]
        /// With more than that it is not kept.
        var bytes: Int
    }

    /// A command of the build.
    struct Step: Sendable, Hashable {
        var name: String
        var when: StepCondition
        var command: [String]
        /// Installs what the app needs; an app's own `build` leaves such steps in.
        var isDependency = false
        /// Runs in the repository's root although the app is in a folder below; left out for an app in the root.
        var isAtTop = false
        /// What it makes and from what, when that can be kept.
        var reuse: Reuse?
        /// Programs that the container must have.
        var requires: [String]
        /// `nil` takes the build's.
        var hasNetwork: Bool?
        /// Seconds; `nil` takes the build's.
        var timeLimit: Int?
        /// Line for the log before the step runs.
        var note: String?
    }

    /// Folders that a step makes out of files of the root, so that both being the same means that there is nothing to do.
    struct Reuse: Sendable, Hashable {
        var folders: [String]
        var files: [String]
        var programs: [String]
        /// When one of these is true, the step makes more than the folders, so it is run.
        var unless: [StepCondition.Test] = []
        var below: Below?
    }

    /// Packages in folders below the one that a step runs in: those with a file of this name. The step makes folders of the same
    /// names in them.
    struct Below: Sendable, Hashable {
        /// When there are such packages.
        var when = StepCondition()
        /// A JSON file; it counts as those do that decide.
        var file: String
        /// Tests of it. When one is true of a package, the step makes more than the folders, so it is run.
        var unless: [StepCondition.Test] = []
    }

    struct Run: Sendable, Hashable {
        var kind: RunPlan.Kind
        /// The first that fits is run. Empty for `static`.
        var commands: [Command] = []
        /// What to say when none fits.
        var missing: String?
        /// The first that fits is run once after the build; none is fine.
        var release: [Command] = []
        var readiness: RunPlan.Readiness?
        var requires: [String] = []
        var port = 8080
        var portVariable = "PORT"
        var healthPath = "/"
        var readySeconds = 60
        var graceSeconds = 10
        var stopSignal: RunPlan.StopSignal?
        var environment: [String: String] = [:]
    }

    /// A way to start a process: what is run, and when that fits.
    struct Command: Sendable, Hashable {
        var when = StepCondition()
        var form: Form

        enum Form: Sendable, Hashable {
            case arguments([String])
            /// These arguments and then the text that the field has.
            case argument(JSONField, after: [String])
            /// A script for `/bin/bash -c`.
            case shell(String)
            /// The text that the field has, as such a script.
            case shellField(JSONField)
            /// What the `Procfile` has for this type of process, as such a script.
            case procfile(String)
        }
    }
}

/// When a step is run: all that is in `all`, one of `any` (if there are any), nothing of `none`.
struct StepCondition: Sendable, Hashable {
    var all: [Test] = []
    var any: [Test] = []
    var none: [Test] = []

    enum Test: Sendable, Hashable {
        /// One of these globs matches an entry of the root.
        case files([Glob])
        /// The same of the repository's root, whatever folder the app is in.
        case topFiles([Glob])
        /// The root file `file` is there, and one of its top-level objects or lists named in `keys` has an entry
        /// whose name none of the globs in `except` matches, in which `*` stands for slashes, too.
        case entries(file: String, keys: [String], except: [Glob])
        /// The field is there and is a text that is not blank.
        case field(JSONField)
        /// The root file `file` has a line that one of these globs matches, letters of any case, without the spaces
        /// around it.
        case line(file: String, [Glob])
    }
}

/// A text in a JSON file of the repository's root.
struct JSONField: Sendable, Hashable {
    var file: String
    /// Object keys from the outside in: `["scripts", "start"]`.
    var path: [String]
}
