import Core
import Testing

@testable import Builder

struct PlanResolverTests {
    private func plan(_ files: [String: String], template: String = "node") throws -> BuildPlan {
        let catalog = try TemplateCatalog(builtIn: BuildFixture.templates)
        let manifest = try #require(catalog[template])
        return try PlanResolver.resolve(
            manifest, view: CommitView(entries: files.keys.sorted(), contents: files.mapValues { Array($0.utf8) }))
    }

    private func failure(_ files: [String: String]) -> PlatformError? {
        #expect(throws: PlatformError.self) { try plan(files) }
    }

    private static let lockWithout = #"{"lockfileVersion": 3, "packages": {"": {"name": "app"}}}"#
    private static let lockWith = #"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/x": {}}}"#

    @Test(
        arguments: [
            ([:], []),
            (["package-lock.json": lockWithout], []),
            (["package-lock.json": lockWith], ["npm ci"]),
            (["npm-shrinkwrap.json": lockWith], ["npm ci"]),
            (["package-lock.json": #"{"lockfileVersion": 1, "dependencies": {"x": {}}}"#], ["npm ci"]),
            (["package-lock.json": #"{"lockfileVersion": 1, "dependencies": {}}"#], []),
            (["package-lock.json": lockWithout, "npm-shrinkwrap.json": lockWith], ["npm ci"]),
            (["package.json": #"{"main": "a", "dependencies": {"x": "1"}}"#], ["npm install"]),
            (["package.json": #"{"main": "a", "devDependencies": {"x": "1"}}"#], ["npm install"]),
            (["package.json": #"{"main": "a", "dependencies": {}}"#], []),
            (
                ["package.json": #"{"main": "a", "dependencies": {"x": "1"}}"#, "package-lock.json": lockWithout],
                ["npm ci"]
            ),
            (["install.sh": "", "package-lock.json": lockWith], ["npm ci", "install.sh"]),
            (["install.sh": ""], ["install.sh"]), (["install.sh/": ""], []),
        ] as [([String: String], [String])])
    func npmRunsOnlyWhenThereAreDependencies(_ files: [String: String], _ steps: [String]) throws {
        let base = ["package.json": #"{"scripts": {"start": "node a"}}"#]
        #expect(try plan(base.merging(files) { $1 }).steps.map(\.name) == steps)
    }

    @Test func installWithoutLockFileSaysWhyTheLockFileIsWanted() throws {
        let step = try #require(try plan(["package.json": #"{"main": "a", "dependencies": {"x": "1"}}"#]).steps.first)
        #expect(step.note?.contains("there is no package-lock.json") == true)
        #expect(step.requires == ["npm"])
    }

    @Test(
        arguments: [
            (["package.json": #"{"scripts": {"start": "a && b"}, "main": "m.js"}"#], ["/bin/bash", "-c", "a && b"]),
            (["package.json": #"{"scripts": {"start": " "}, "main": "m.js"}"#], ["node", "--", "m.js"]),
            (["package.json": #"{"scripts": {}, "main": "-e"}"#], ["node", "--", "-e"]),
            (["package.json": #"{"scripts": null}"#, "server.js": ""], ["node", "server.js"]),
            (["package.json": "{}", "server.js": ""], ["node", "server.js"]),
            (["server.js": ""], ["node", "server.js"]),
        ])
    func theProcessIsTheStartScriptThenMainThenServer(_ files: [String: String], _ command: [String]) throws {
        let plan = try plan(files)
        #expect(plan.run.kind == .web)
        #expect(plan.run.command == command)
        #expect(plan.run.environment["PATH"]?.hasPrefix("/app/node_modules/.bin:") == true)
    }

    @Test(arguments: [[:], ["package.json": "{}"], ["package.json": "{}", "server.js/": ""]] as [[String: String]])
    func nothingToStartFailsWithWhatToAdd(_ files: [String: String]) {
        let error = failure(files)
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("nothing to start: add a \"start\" script to package.json") == true)
    }

    @Test(
        arguments: [
            (
                "{\n  \"scripts\": {,}\n}",
                "package.json is not valid JSON: line 2, column 15: expected a name in double quotes"
            ),
            (#"{"scripts": {"start": 7}}"#, "package.json: scripts.start must be a text"),
            (#"{"scripts": "x"}"#, "package.json: scripts must be an object"),
            ("[]", "package.json: its content must be an object"),
            (#"{"scripts": {"start": "a\u0000b"}}"#, "package.json: scripts.start must be a text"),
        ])
    func aWrongPackageFileFailsWithItsReason(_ text: String, _ message: String) {
        let error = failure(["package.json": text, "server.js": ""])
        #expect(error?.code == .buildFailed)
        #expect(error?.message == message)
    }

    @Test func aLockFileThatIsNotValidFails() {
        let error = failure(["package.json": "{}", "package-lock.json": "<<<<<<< HEAD", "server.js": ""])
        #expect(error?.message == "package-lock.json is not valid JSON: line 1, column 1: expected a value")
    }

    @Test func aPackageFileThatCannotBeReadFails() throws {
        let manifest = try #require(try TemplateCatalog(builtIn: BuildFixture.templates)["node"])
        let error = #expect(throws: PlatformError.self) {
            try PlanResolver.resolve(manifest, view: CommitView(entries: ["package.json"], contents: [:]))
        }
        #expect(error?.message == "package.json must be a regular file of at most 32 MiB")
    }

    @Test func aStaticSiteRunsNothingButItsInstallScript() throws {
        #expect(try plan(["index.html": ""], template: "static").steps.isEmpty)
        let plan = try plan(["install.sh": "", "package.json": "{nonsense"], template: "static")
        #expect(plan.steps.map(\.arguments) == [["/bin/sh", "install.sh"]])
        #expect(plan.run == RunPlan(kind: .static))
        #expect(plan.site?.candidates == [".", "public", "dist", "build", "_site", "out"])
    }
}
