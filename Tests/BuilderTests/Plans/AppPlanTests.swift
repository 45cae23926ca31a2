import Core
import TestSupport
import Testing

@testable import Builder

/// What `berth.yaml`, a `Procfile` and the templates that are nothing but data come to.
struct AppPlanTests {
    private func view(_ files: [String: String]) -> CommitView {
        CommitView(entries: files.keys.sorted(), contents: files.mapValues { Array($0.utf8) })
    }

    private func plan(
        _ template: String, _ files: [String: String], top: [String: String]? = nil, _ app: AppManifest = AppManifest()
    ) throws -> BuildPlan {
        let manifest = try #require(try TemplateCatalog(builtIn: BuildFixture.templates)[template])
        return try PlanResolver.resolve(manifest, view: view(files), top: top.map { view($0) }, app: app)
    }

    private static let node = [
        "package.json": #"{"scripts": {"start": "node a", "build": "tsc"}, "dependencies": {"x": "1"}}"#,
        "package-lock.json": #"{"packages": {"": {}, "node_modules/x": {}}}"#,
    ]

    @Test func anAppsBuildReplacesTheTemplatesAndKeepsTheDependencies() throws {
        #expect(try plan("node", Self.node).steps.map(\.name) == ["npm ci", "npm run build"])
        let own = try plan("node", Self.node, AppManifest(build: ["make a", "make b"], release: "./migrate"))
        #expect(own.steps.map(\.name) == ["npm ci", "build", "build", "release"])
        #expect(own.steps.map(\.arguments.last) == ["--no-fund", "make a", "make b", "./migrate"])
    }

    @Test func anAppsValuesGoBeforeTheTemplates() throws {
        let limits = LimitRequest(memory: 64 << 20)
        let own = try plan(
            "node", Self.node,
            AppManifest(start: "node b", healthPath: "/up", readiness: .tcp, readySeconds: 3, limits: limits))
        #expect(own.run.command == ["/bin/bash", "-c", "node b"])
        #expect(own.run.healthPath == "/up")
        #expect(own.run.readiness == .tcp)
        #expect(own.run.readySeconds == 3)
        #expect(own.run.limits == limits)
    }

    @Test func anAppInAFolderIsBuiltAndStartedThere() throws {
        let own = try plan(
            "node", ["package.json": #"{"main": "m.js"}"#, "install.sh": ""], top: ["README": ""],
            AppManifest(root: "apps/web"))
        #expect(own.run.directory == "apps/web")
        #expect(own.steps.map(\.directory) == ["apps/web"])
        #expect(
            own.run.environment["PATH"]?.hasPrefix("/app/apps/web/node_modules/.bin:/app/node_modules/.bin:") == true)
    }

    @Test func aWorkspaceInstallsAtTheTopAndStartsInItsFolder() throws {
        let top = [
            "package.json": #"{"workspaces": ["packages/*"]}"#,
            "package-lock.json": #"{"packages": {"": {}, "packages/web": {}}}"#,
        ]
        let own = try plan(
            "node", ["package.json": #"{"scripts": {"start": "node ."}}"#], top: top, AppManifest(root: "packages/web"))
        #expect(own.steps.map(\.name) == ["npm ci (workspace)"])
        #expect(own.steps.map(\.directory) == [nil])
        #expect(try plan("node", top.merging(["server.js": ""]) { $1 }).steps.map(\.name) == ["npm ci"])
    }

    @Test(
        arguments: [
            (["package-lock.json": "{}", "package.json": #"{"workspaces": ["a"]}"#], ["npm ci (workspace)"]),
            (["pnpm-lock.yaml": "", "pnpm-workspace.yaml": "", "package.json": "{}"], ["pnpm install (workspace)"]),
            (["yarn.lock": "", "package.json": #"{"workspaces": ["a"]}"#], ["yarn install (workspace)"]),
            (["README": ""], ["npm install"]),
        ])
    func aPackageOfAWorkspaceIsInstalledFromTheLockFileAtTheTop(_ top: [String: String], _ steps: [String]) throws {
        let package = #"{"scripts": {"start": "node ."}, "dependencies": {"x": "1"}}"#
        let own = try plan("node", ["package.json": package], top: top, AppManifest(root: "a"))
        #expect(own.steps.map(\.name) == steps)
    }

    @Test func onePackageManagerIsUsed() throws {
        let locks = ["pnpm-lock.yaml": "", "yarn.lock": ""]
        let package = ["package.json": Self.node["package.json"] ?? ""]
        func steps(_ files: [String: String]) throws -> [String] {
            try plan("node", files.merging(package) { $1 }).steps.map(\.name).filter { $0 != "npm run build" }
        }
        #expect(try steps(Self.node.merging(locks) { $1 }) == ["npm ci"])
        #expect(try steps(locks) == ["pnpm install"])
        #expect(try steps(["yarn.lock": ""]) == ["yarn install"])
        #expect(try steps([:]) == ["npm install"])
    }

    @Test func whatTheTemplateHasNoUseForIsAMistake() {
        let start = #expect(throws: PlatformError.self) { try plan("static", [:], AppManifest(start: "a")) }
        #expect(start?.message == "berth.yaml: start: nothing is started by the template static")
        let output = #expect(throws: PlatformError.self) { try plan("node", Self.node, AppManifest(output: "a")) }
        #expect(output?.message == "berth.yaml: output: the template node publishes no files")
    }

    @Test(arguments: [
        ("start: a", "start"), ("kind: worker", "kind"), ("strategy: stop-first", "strategy"),
        ("volumes: data", "volumes"), ("limits: {cpu: 1}", "limits"), ("health: {seconds: 3}", "health"),
        ("health: {path: /up}", "health"), ("health: {check: file}", "health"), ("sleep-after: 15m", "sleep-after"),
    ])
    func `what no site has a use for is a mistake with its place`(_ text: String, _ key: String) throws {
        let app = try AppManifestParser.parse(Array("# mine\n\(text)".utf8), log: RecordingLogSink())
        let error = #expect(throws: PlatformError.self) { try plan("static", ["index.html": ""], app) }
        #expect(error?.code == .buildFailed)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("berth.yaml:2:\(key.utf8.count + 3): \(key): "), "\(message)")
        #expect(message.contains("the template static"))
    }

    @Test func volumesAreThoseOfOneProcessAtATime() throws {
        let own = try plan("node", Self.node, top: Self.node, AppManifest(root: "apps/web", volumes: ["data"]))
        #expect(own.run.volumes == ["data"] && own.run.strategy == .stopFirst)
        #expect(own.run.path(ofVolume: "data") == "apps/web/data")
        let error = #expect(throws: PlatformError.self) { try plan("static", [:], AppManifest(volumes: ["data"])) }
        #expect(error?.message == "berth.yaml: volumes: nothing is started by the template static")
    }

    @Test func onlyWhatAnswersRequestsCanSleep() throws {
        #expect(try plan("node", Self.node, AppManifest(sleepSeconds: 60)).run.sleepSeconds == 60)
        let error = #expect(throws: PlatformError.self) { try plan("static", [:], AppManifest(sleepSeconds: 60)) }
        #expect(error?.message.contains("sleep-after: only a process that answers requests can sleep") == true)
    }

    @Test func aSiteMayNameItsOutput() throws {
        #expect(try plan("static", ["a/": ""], AppManifest(output: "a")).site?.candidates == ["a"])
    }

    @Test(
        arguments: [
            (["Procfile": "web: a\nrelease: b", "requirements.txt": "gunicorn"], ["/bin/bash", "-c", "a"]),
            (
                ["requirements.txt": "# x\n Gunicorn==21.2\n", "wsgi.py": "", "app.py": ""],
                ["/bin/bash", "-c", "exec gunicorn --bind 0.0.0.0:$PORT wsgi:application"]
            ),
            (
                ["requirements.txt": "gunicorn", "app.py": ""],
                ["/bin/bash", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"]
            ),
            (["requirements.txt": "flask # gunicorn", "app.py": ""], ["python3", "app.py"]),
            (["main.py": ""], ["python3", "main.py"]),
            (["Procfile": "worker: x", "app.py": ""], ["python3", "app.py"]),
        ] as [([String: String], [String])])
    func aPythonAppIsStarted(_ files: [String: String], _ command: [String]) throws {
        #expect(try plan("python", files).run.command == command)
    }

    @Test func pipRunsOnlyForRequirements() throws {
        #expect(try plan("python", ["app.py": ""]).steps.isEmpty)
        let steps = try plan("python", ["app.py": "", "requirements.txt": "x", "Procfile": "release: r"]).steps
        #expect(steps.map(\.name) == ["pip install", "release"])
        #expect(steps[0].reuse?.folders == [".venv"] && steps[1].reuse == nil)
    }

    @Test(arguments: ["-r base.txt", "--index-url x", "./x.whl", "x @ https://example.com/a/b.whl", "flask\n-e ."])
    func pipIsRunAgainForRequirementsThatNameOtherFiles(_ text: String) throws {
        let steps = try plan("python", ["app.py": "", "requirements.txt": text]).steps
        #expect(steps.map(\.name) == ["pip install (with other files)"] && steps[0].reuse == nil)
    }

    @Test(
        arguments: [
            (["requirements.lock", "requirements.txt"], "pip install (requirements.lock)", "requirements.lock"),
            (["requirements.txt", "poetry.lock"], "pip install", "requirements.txt"),
            (["Pipfile.lock", "Pipfile", "pyproject.toml"], "pipenv sync", "sync"),
            (["poetry.lock", "pyproject.toml"], "poetry install", "--no-interaction"),
            (["uv.lock", "pyproject.toml"], "uv sync", "--no-install-project"),
        ])
    func aPythonAppsLockFileDecidesWhatInstalls(_ files: [String], _ name: String, _ end: String) throws {
        let texts = Dictionary(uniqueKeysWithValues: files.map { ($0, $0.hasSuffix("lock") ? "{}" : "x") })
        let steps = try plan("python", texts.merging(["app.py": ""]) { $1 }).steps
        #expect(steps.map(\.name) == [name])
        #expect(steps[0].arguments.last?.hasSuffix(end) == true)
        #expect(steps[0].reuse?.folders == [".venv"])
    }

    @Test func hashesInALockFileAreNoOtherFiles() throws {
        let text = "flask==3.0 \\\n    --hash=sha256:00ff\n"
        let steps = try plan("python", ["app.py": "", "requirements.lock": text]).steps
        #expect(steps.first?.reuse != nil)
        let others = try plan("python", ["app.py": "", "requirements.lock": "-e file:."]).steps
        #expect(others.map(\.name) == ["pip install (requirements.lock, with other files)"])
    }

    @Test func aProjectFileIsInstalledFromOnlyWhenItListsPackages() throws {
        let tools = "[tool.black]\nline-length = 100\n"
        #expect(try plan("python", ["app.py": "", "pyproject.toml": tools]).steps.isEmpty)
        let project = "[project]\nname = \"a\"\ndependencies = [\n  \"gunicorn>=20\",\n]\n"
        let own = try plan("python", ["app.py": "", "pyproject.toml": project])
        #expect(own.steps.map(\.name) == ["pip install (pyproject.toml)"])
        #expect(own.steps[0].note?.contains("commit a requirements.lock") == true)
        #expect(own.run.command.last == "exec gunicorn --bind 0.0.0.0:$PORT app:app")
    }

    @Test(arguments: [
        ("Pipfile.lock", "{\n    \"default\": {\n        \"gunicorn\": {\n"),
        ("poetry.lock", "[[package]]\nname = \"gunicorn\"\n"),
        ("uv.lock", "[[package]]\nname = \"gunicorn\"\n"), ("requirements.lock", "gunicorn==21.2.0\n"),
    ])
    func gunicornIsFoundInEveryListOfPackages(_ file: String, _ text: String) throws {
        let own = try plan("python", ["wsgi.py": "", file: text])
        #expect(own.run.command.last == "exec gunicorn --bind 0.0.0.0:$PORT wsgi:application")
    }

    @Test(arguments: ["preinstall", "install", "postinstall", "prepare"])
    func packagesAreNotTakenOverWhereTheAppsOwnScriptsWriteMore(_ script: String) throws {
        #expect(try plan("node", Self.node).steps.first?.reuse != nil)
        var files = Self.node
        files["package.json"] = #"{"scripts": {"start": "node a", "\#(script)": "make"}, "dependencies": {"x": "1"}}"#
        let steps = try plan("node", files).steps
        #expect(steps.map(\.name) == ["npm ci"] && steps[0].reuse == nil)
    }

    @Test func aPythonAppWithNothingToStartSaysWhatToAdd() {
        let error = #expect(throws: PlatformError.self) { try plan("python", ["wsgi.py": ""]) }
        #expect(error?.message.contains("add a Procfile with a web line") == true)
    }

    @Test func aNodeAppsProcfileCountsWhenThereIsNoStartScript() throws {
        let files = ["package.json": #"{"main": "m.js"}"#, "Procfile": "web: node w.js\nrelease: node r.js"]
        let own = try plan("node", files)
        #expect(own.run.command == ["/bin/bash", "-c", "node w.js"])
        #expect(own.steps.map(\.name) == ["release"])
        #expect(own.run.environment["NODE_ENV"] == "production")
    }
}
