import Core
import Testing

@testable import Builder

struct TemplateManifestParserTests {
    private static let valid = """
        schema: 1
        name: hello
        description: Says hello
        run:
          kind: web
          command: [hello]

        """

    private func problems(_ text: String) -> [String] {
        do throws(TemplateProblems) {
            _ = try TemplateManifestParser.parse(text, file: "t.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func aSmallManifestGetsTheDefaults() throws {
        let manifest = try TemplateManifestParser.parse(Self.valid, file: "t.yaml")
        #expect(manifest.name == "hello")
        #expect(manifest.order == 1000)
        #expect(manifest.build.steps.isEmpty)
        #expect(manifest.build.timeLimit == 600)
        #expect(manifest.build.site == nil)
        #expect(manifest.run.commands == [TemplateManifest.Command(form: .arguments(["hello"]))])
        #expect(manifest.run.port == 8080)
        #expect(manifest.run.healthPath == "/")
    }

    @Test func aStaticManifestWithoutBuildPublishesTheRoot() throws {
        let text = "schema: 1\nname: s\ndescription: d\nrun: {kind: static}\n"
        #expect(try TemplateManifestParser.parse(text, file: "t.yaml").build.site == SitePlan())
    }

    @Test(
        arguments: [
            ("bulid: {}\n", "t.yaml:7:1: unknown key \"bulid\"; did you mean \"build\"?"),
            (
                "build:\n  stesp: []\n",
                "t.yaml:8:3: unknown key \"stesp\" in build; did you mean \"steps\"?"
            ),
            (
                "build:\n  steps:\n    - {name: a, comand: [a], command: [b]}\n",
                "t.yaml:9:17: unknown key \"comand\" in build.steps[0]; did you mean \"command\"?"
            ),
            (
                "detect: {sometimes: [a]}\n",
                "t.yaml:7:10: unknown key \"sometimes\" in detect; the keys are: all, any"
            ),
            (
                "detect:\n  any:\n    - file: a\n      contains: b\n      feild: [c]\n",
                "t.yaml:11:7: unknown key \"feild\" in detect.any[0]; did you mean \"field\"?"
            ),
            ("build: {time-limit: soon}\n", "t.yaml:7:21: build.time-limit must be a whole number from 1 to 86400"),
            ("build: {versions: [{program: a}]}\n", "t.yaml:7:20: build.versions[0].file is missing"),
            ("build: {output: {}}\n", "t.yaml:7:17: build.output is only for kind: static"),
            ("detect: {all: index.html}\n", "t.yaml:7:15: detect.all must be a list of texts, as in [a, b]"),
            (
                "build: {install-script: ../x}\n",
                "t.yaml:7:25: build.install-script must be the name of a file in the root"
            ),
            (
                "build:\n  steps:\n    - name: a\n      command: [a]\n      when:\n        any: [{}]\n",
                "t.yaml:12:15: build.steps[0].when.any[0] must have one of file, json and text"
            ),
            ("rootfs: debian\n", "t.yaml:7:9: rootfs must be host, or a mapping with packages"),
            ("rootfs: {packages: []}\n", "t.yaml:7:20: rootfs.packages must name 1 to 200 Debian packages"),
            (
                "rootfs: {packages: [lua5.4, '--x']}\n",
                "t.yaml:7:20: rootfs.packages: \"--x\" is not the name of a package"
            ),
            ("build: {network: false}\n", "t.yaml:7:18: build.network must be on or off"),
            (
                "build:\n  steps:\n    - {name: a, command: [a], network: 'no'}\n",
                "t.yaml:9:40: build.steps[0].network must be on or off"
            ),
            ("build: {caches: [{files: [a]}]}\n", "t.yaml:7:18: build.caches[0].name is missing"),
            (
                "build: {caches: [{name: a}]}\n",
                "t.yaml:7:18: build.caches[0].files must name the files that it is for"
            ),
            (
                "build: {caches: [{name: ../a, files: [a]}]}\n",
                "t.yaml:7:25: build.caches[0].name must be lowercase letters, digits and hyphens"
            ),
            (
                "build: {caches: [{name: a, files: [a], size: 4097}]}\n",
                "t.yaml:7:46: build.caches[0].size must be a whole number from 1 to 4096"
            ),
            (
                "build: {caches: [{name: a, files: [a]}, {name: a, files: [b]}]}\n",
                "t.yaml:7:17: build.caches: the same name twice"
            ),
            (
                "build: {caches: [{name: a, files: [a], key: b}]}\n",
                "t.yaml:7:40: unknown key \"key\" in build.caches[0]; the keys are: name, files, size"
            ),
            (
                "build:\n  steps:\n    - {name: a, command: [a], when: {all: [{file: b, in: app}]}}\n",
                "t.yaml:9:58: build.steps[0].when.all[0].in must be repository"
            ),
            ("name: twice\n", "t.yaml:2:1: the same key twice: name"),
            ("build: [\n", "t.yaml:8:1: not YAML: did not find expected node content"),
        ])
    func aMistakeIsToldWithItsPlace(_ addition: String, _ expected: String) {
        #expect(problems(Self.valid + addition) == [expected])
    }

    @Test(
        arguments: [
            ("schema: 1\n", "t.yaml:1:1: schema is missing"),
            ("name: hello\n", "t.yaml:1:1: name is missing"),
            ("  kind: web\n", "t.yaml:5:3: run.kind is missing"),
        ])
    func whatIsMissingIsTold(_ line: String, _ expected: String) {
        #expect(problems(Self.valid.replacing(line, with: "")).contains(expected))
    }

    @Test(
        arguments: [
            ("kind: web", "kind: daemon", "run.kind must be static, web or worker"),
            ("kind: web", "kind: worker\n  health-path: /up", "run.health-path is only for kind: web"),
            ("kind: web", "kind: worker\n  readiness: http", "run.readiness must be up or file, for kind: worker"),
            ("command: [hello]", "command: [hello]\n  readiness: up", "run.readiness must be http, tcp or file"),
            (
                "command: [hello]", "command: [hello]\n  stop-signal: SIGKILL",
                "run.stop-signal must be one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH"
            ),
            ("name: hello", "name: Hello", "name must be 1 to 40 lowercase letters, digits and hyphens"),
            ("schema: 1", "schema: 2", "this server reads schema 1"),
            ("command: [hello]", "port: 8080", "run must have either command or commands"),
            ("command: [hello]", "command: []", "run.command must not be empty"),
            (
                "command: [hello]", "command: [hello]\n  health-path: up",
                "run.health-path must begin with / and be printable ASCII"
            ),
            ("command: [hello]", "command: [hello]\n  port: 80", "run.port must be a whole number from 1024 to 65535"),
            (
                "command: [hello]", "command: [hello]\n  environment: {A-B: c}",
                "run.environment: a variable's name is letters, digits and _"
            ),
            (
                "command: [hello]", "commands: [{file: a}]",
                "run.commands[0] must have one of arguments, shell, shell-from, procfile"
            ),
            (
                "name: hello", "name: hello\ndetect: {any: [a, {file: b}]}",
                "detect.any[1] must have either contains or field"
            ),
            (
                "name: hello", "name: hello\ndetect: {all: [{file: b, contains: c, field: [d]}]}",
                "detect.all[0] must have either contains or field"
            ),
            ("name: hello", "name: hello\ndetect: {all: [{contains: c}]}", "detect.all[0].file is missing"),
            (
                "name: hello", "name: hello\ndetect: {all: [{file: b, field: []}]}",
                "detect.all[0].field must be a list of keys, as in [dependencies, next]"
            ),
            (
                "name: hello", "name: hello\ndetect: {all: [{file: b, contains: ''}]}",
                "detect.all[0].contains must be a text that is not empty"
            ),
            ("kind: web", "kind: static", "run.command is only for kind: web and worker"),
            ("command: [hello]", "command: [hello]\n  readiness: udp", "run.readiness must be http, tcp or file"),
            (
                "command: [hello]", "commands: [{shell: a, procfile: web}]",
                "run.commands[0] must have one of arguments, shell, shell-from, procfile"
            ),
            (
                "command: [hello]", "commands: [{shell: a, when: {any: [{text: {file: b}}]}}]",
                "run.commands[0].when.any[0].text.line is missing"
            ),
            (
                "command: [hello]", "commands: [{shell: a, when: {any: [{json: {file: b}}]}}]",
                "run.commands[0].when.any[0].json must have either entries-of or field"
            ),
        ])
    func aValueOutsideTheSchemaIsTold(_ old: String, _ new: String, _ expected: String) {
        let found = problems(Self.valid.replacing(old, with: new))
        #expect(found.contains { $0.hasSuffix(expected) }, "\(found)")
    }

    @Test func aWorkerAndWhatItsStepsReachAreRead() throws {
        let text = """
            schema: 1
            name: w
            description: d
            build:
              network: off
              caches: [{name: deps, files: [lock], size: 3}]
              steps: [{name: a, command: [a], network: on}, {name: b, command: [b]}]
            run: {kind: worker, command: [w], readiness: file, stop-signal: SIGQUIT}
            """
        let manifest = try TemplateManifestParser.parse(text, file: "t.yaml")
        #expect(!manifest.build.hasNetwork)
        #expect(manifest.build.steps.map(\.hasNetwork) == [true, nil])
        #expect(manifest.build.caches == [.init(name: "deps", files: ["lock"], bytes: 3 << 20)])
        #expect(manifest.run.kind == .worker)
        #expect(manifest.run.readiness == .file)
        #expect(manifest.run.stopSignal == .quit)
        #expect(manifest.filesToRead == ["lock"])
    }

    @Test func allProblemsAreToldAtOnceInTheOrderOfTheFile() {
        let found = problems("schema: 1\nname: hello\ndescripton: x\nrun: {kind: wbe}\nbuild: {stps: []}\n")
        #expect(found.count == 4)
        #expect(found.first == "t.yaml:1:1: description is missing")
        #expect(found.last?.hasPrefix("t.yaml:5:9: unknown key \"stps\"") == true)
    }

    @Test(arguments: ["", "- a\n", "just text", "\u{0}"])
    func whatIsNoMappingIsRefused(_ text: String) { #expect(!problems(text).isEmpty) }
}
