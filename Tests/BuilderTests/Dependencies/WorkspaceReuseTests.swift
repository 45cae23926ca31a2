import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

/// Packages of a workspace, which have folders of packages of their own.
struct WorkspaceReuseTests {
    private static let lock = """
        {"packages": {"": {}, "packages/web": {}, "packages/lib": {}, "node_modules/lib": {"link": true},
         "packages/web/node_modules/x": {}}}
        """
    private static let files = [
        "berth.yaml": "root: packages/web\n", "package.json": #"{"workspaces": ["packages/*"]}"#,
        "package-lock.json": lock, "packages/web/package.json": #"{"main": "web.js"}"#,
        "packages/lib/package.json": #"{"name": "lib"}"#,
    ]

    /// A package manager that puts one package in the root and another one in a package's own folder.
    private static func npm() -> StubTaskRunner {
        StubTaskRunner { task, _ throws(PlatformError) in
            guard task.arguments.first == "npm" else { return .exited(0) }
            try task.write("node_modules/x/x.js", "one")
            try task.write("packages/web/node_modules/x/x.js", "two")
            guard symlink("../packages/lib", "\(task.directory)/node_modules/lib") == 0 else {
                throw .invalid("symlink")
            }
            return .exited(0)
        }
    }

    private func build(_ fixture: BuildFixture, _ change: [String: String] = [:]) async throws -> String {
        let texts = Self.files.merging(change) { $1 }
        let release = try await fixture.build(texts: texts, template: "node").release
        return fixture.builder.filesDirectory(of: release.id)
    }

    @Test func `all folders of packages are taken over while nothing has changed that decides`() async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture)
        let second = try await build(fixture, ["packages/web/web.js": "new"])
        #expect(fixture.runner.tasks.count == 1)
        let said = "npm ci (workspace) not needed: nothing it reads has changed; 2 files taken over (#)"
        #expect(fixture.log.linesWithoutTimes.contains(said))
        for (path, text) in [("node_modules/x/x.js", "one"), ("packages/web/node_modules/x/x.js", "two")] {
            #expect(try String(contentsOfFile: "\(second)/\(path)", encoding: .utf8) == text)
        }
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(second)/node_modules/lib")
        #expect(link == "../packages/lib")
    }

    @Test(arguments: [
        ["packages/lib/package.json": #"{"name": "lib", "version": "2"}"#],
        ["packages/new/package.json": "{}"], ["package-lock.json": lock + " "],
    ])
    func `a change of a package's file installs again`(_ change: [String: String]) async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture)
        _ = try await build(fixture, change)
        #expect(fixture.runner.tasks.count == 2)
    }

    @Test func `packages with a script, or of too great a number, are installed each time`() async throws {
        let script = ["packages/lib/package.json": #"{"scripts": {"postinstall": "make"}}"#]
        let crowd = Dictionary(
            uniqueKeysWithValues: (0..<FilesBelow.limit).map { ("packages/p\($0)/package.json", "{}") })
        for change in [script, crowd] {
            let fixture = try BuildFixture(Self.npm())
            for _ in 0..<2 { _ = try await build(fixture, change) }
            #expect(fixture.runner.tasks.count == 2)
        }
    }

    @Test func `a package that brings such a folder itself keeps it`() async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture)
        let second = try await build(fixture, ["packages/web/node_modules/own.js": "own"])
        #expect(fixture.runner.tasks.count == 2)
        #expect(try String(contentsOfFile: "\(second)/packages/web/node_modules/own.js", encoding: .utf8) == "own")
    }

    @Test func `folders of an app in a workspace's root are taken over, too`() async throws {
        let fixture = try BuildFixture(Self.npm())
        let root = ["berth.yaml": "# Nothing.\n", "package.json": #"{"workspaces": ["packages/*"], "main": "a.js"}"#]
        _ = try await build(fixture, root)
        let second = try await build(fixture, root)
        #expect(fixture.runner.tasks.count == 1)
        #expect(FileManager.default.fileExists(atPath: "\(second)/packages/web/node_modules/x/x.js"))
    }

    @Test func `a repository without such packages is not looked through`() async throws {
        let fixture = try BuildFixture(Self.npm())
        let plain = [
            "package.json": #"{"main": "a.js"}"#, "package-lock.json": #"{"packages": {"": {}, "node_modules/x": {}}}"#,
            "packages/web/a.js": "", "examples/tool/package.json": #"{"bin": "tool.js"}"#,
        ]
        for _ in 0..<2 { _ = try await fixture.build(texts: plain, template: "node") }
        #expect(fixture.runner.tasks.count == 1)
        #expect(fixture.repository.comparisons.isEmpty)
    }

    @Test func `an installer that makes none of the folders leaves nothing to later builds`() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                try task.write(".pnp.cjs", "elsewhere")
                return .exited(0)
            })
        for _ in 0..<2 {
            let files = try await build(fixture)
            #expect(FileManager.default.fileExists(atPath: "\(files)/.pnp.cjs"))
        }
        #expect(fixture.runner.tasks.count == 2)
    }
}
