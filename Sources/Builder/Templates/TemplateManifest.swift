import Core

/// A runtime as `template.yaml` describes it (schema 1; `templates/README.md` is the author's guide).
public struct TemplateManifest: Sendable, Hashable {
    /// The version of `template.yaml` that this server reads.
    public static let schema = 1

    /// A DNS label, the name of the template's folder.
    public var name: String
    /// Templates are listed and tried in this order, then by name.
    public var order: Int
    public var description: String
    public var detect: Detection
    public var build: Build
    public var run: Run

    /// Which repositories the template is for, by the entries of their root (folders end in `/`).
    public struct Detection: Sendable, Hashable {
        /// Each must match an entry.
        public var all: [Glob] = []
        /// One must match an entry, when there are any.
        public var any: [Glob] = []
    }

    public struct Build: Sendable, Hashable {
        public var steps: [Step] = []
        /// Variables of the steps and the install script, below the app's own.
        public var environment: [String: String] = [:]
        /// Root file that is run with `/bin/sh` after the steps, when the repository has it.
        public var installScript: String?
        /// Seconds for the install script, and for steps that set none.
        public var timeLimit = 600
        /// For `static`: what is published.
        public var site: SitePlan?
    }

    /// A command of the build.
    public struct Step: Sendable, Hashable {
        public var name: String
        public var when: StepCondition
        public var command: [String]
        /// Programs that the container must have.
        public var requires: [String]
        /// Seconds; `nil` takes the build's.
        public var timeLimit: Int?
        /// Line for the log before the step runs.
        public var note: String?
    }

    public struct Run: Sendable, Hashable {
        public var kind: RunPlan.Kind
        /// The first that fits is run. Empty for `static`.
        public var commands: [Command] = []
        /// What to say when none fits.
        public var missing: String?
        public var requires: [String] = []
        public var port = 8080
        public var portVariable = "PORT"
        public var healthPath = "/"
        public var readySeconds = 60
        public var graceSeconds = 10
        public var environment: [String: String] = [:]
    }

    /// A way to start the process.
    public enum Command: Sendable, Hashable {
        /// These arguments, when the root file `file` is there (always, when it is `nil`).
        case arguments([String], file: String?)
        /// These arguments and then the text that the field has.
        case argument(JSONField, after: [String])
        /// The text that the field has, as a script for `/bin/sh -c`.
        case shell(JSONField)
    }
}

/// When a step is run: all that is in `all`, one of `any` (if there are any), nothing of `none`.
public struct StepCondition: Sendable, Hashable {
    public var all: [Test] = []
    public var any: [Test] = []
    public var none: [Test] = []

    public enum Test: Sendable, Hashable {
        /// One of these globs matches an entry of the root.
        case files([Glob])
        /// The root file `file` is there, and one of its top-level objects or lists named in `keys` has an entry
        /// whose name is not in `except`.
        case entries(file: String, keys: [String], except: [String])
    }
}

/// A text in a JSON file of the repository's root.
public struct JSONField: Sendable, Hashable {
    public var file: String
    /// Object keys from the outside in: `["scripts", "start"]`.
    public var path: [String]
}
