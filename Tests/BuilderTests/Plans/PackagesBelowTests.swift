import Core
import Testing

@testable import Builder

/// Packages in folders below, as templates are told of them by `reuse.below`.
struct PackagesBelowTests {
    private static let lock = #"{"packages": {"": {}, "packages/web": {}, "node_modules/web": {"link": true}}}"#
    private static let top = ["package.json": #"{"workspaces": ["packages/*"]}"#, "package-lock.json": lock]

    private func view(_ files: [String: String]) -> CommitView {
        CommitView(entries: files.keys.sorted(), contents: files.mapValues { Array($0.utf8) })
    }

    /// The reuse of the step that installs, in an app in `packages/web`.
    private func reuse(_ below: [String: String]?, top: [String: String] = Self.top) throws -> BuildStep.Reuse? {
        let manifest = try #require(try TemplateCatalog(builtIn: BuildFixture.templates)["node"])
        let resolver = try PlanResolver(
            manifest, view: view(["package.json": #"{"main": "a.js"}"#]), top: view(top),
            app: AppManifest(root: "packages/web"))
        #expect(try resolver.namesBelow() == ["package.json"])
        let files = below.map { FilesBelow(contents: $0.mapValues { Array($0.utf8) }) }
        let steps = try resolver.plan(below: files).steps
        #expect(steps.count == 1)
        return steps.first?.reuse
    }

    @Test func `folders with a file are packages, and the file counts`() throws {
        let one = ["packages/web/package.json": "{}", "packages/lib/package.json": #"{"name": "lib"}"#]
        let known = try #require(try reuse(one))
        #expect(known.below == ["packages/lib", "packages/web"] && known.folders == ["node_modules"])
        #expect(try reuse(one) == known)
        var other = one
        other["packages/lib/package.json"] = #"{"name": "lib", "version": "2"}"#
        #expect(try reuse(other)?.inputs != known.inputs)
        var moved = one
        moved["packages/lib2/package.json"] = moved.removeValue(forKey: "packages/lib/package.json")
        #expect(try reuse(moved)?.inputs != known.inputs)
        // What is installed is no package of the repository.
        var installed = one
        installed["node_modules/x/package.json"] = #"{"bin": "x.js"}"#
        #expect(try reuse(installed) == known)
    }

    @Test(arguments: [
        #"{"scripts": {"postinstall": "make"}}"#, #"{"scripts": {"prepare": "make"}}"#,
        #"{"scripts": {"prepublish": "make"}}"#, #"{"bin": "a.js"}"#, #"{"bin": {"a": "a.js"}}"#, "<<<<<<<",
    ])
    func `a package that writes more, or cannot be read, is installed each time`(_ package: String) throws {
        #expect(try reuse(["packages/lib/package.json": package]) == nil)
    }

    @Test func `packages that are not known are installed each time`() throws { #expect(try reuse(nil) == nil) }

    @Test(
        arguments: [
            (["package.json": #"{"workspaces": ["a"]}"#, "yarn.lock": ""], true),
            (["package.json": "{}", "pnpm-lock.yaml": "", "pnpm-workspace.yaml": ""], true),
            (
                [
                    "package.json": #"{"workspaces": ["a"], "dependencies": {"h": "file:h"}}"#,
                    "yarn.lock": "\"h@file:h\":\n  version \"1.0.0\"\n",
                ], false
            ),
            (["package.json": #"{"workspaces": ["a"]}"#, "yarn.lock": "", ".yarnrc.yml": ""], false),
            (
                [
                    "package.json": "{}", "pnpm-workspace.yaml": "",
                    "pnpm-lock.yaml": "importers:\n  .:\n    dependencies:\n      h:\n        specifier: file:h\n",
                ], false
            ),
            (
                [
                    "package.json": "{}", "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "",
                    ".npmrc": "virtual-store-dir = .store\n",
                ], false
            ),
        ] as [([String: String], Bool)])
    func `a workspace of another package manager is one, too`(_ top: [String: String], _ isKept: Bool) throws {
        #expect(try reuse(["a/package.json": "{}"], top: top)?.below == (isKept ? ["a"] : nil))
    }

    @Test func `an app without packages of its own in folders below asks for none`() throws {
        let manifest = try #require(try TemplateCatalog(builtIn: BuildFixture.templates)["node"])
        let files = [
            "package.json": #"{"main": "a.js"}"#,
            "package-lock.json": #"{"packages": {"": {}, "node_modules/x": {}, "node_modules/x/node_modules/y": {}}}"#,
        ]
        let resolver = try PlanResolver(manifest, view: view(files))
        #expect(try resolver.namesBelow().isEmpty)
        let reuse = try #require(try resolver.plan().steps.first?.reuse)
        #expect(reuse.below == nil)
        let linked = files.merging(["package-lock.json": #"{"packages": {"": {}, "hello": {}}}"#]) { $1 }
        #expect(try PlanResolver(manifest, view: view(linked)).namesBelow() == ["package.json"])
    }
}
