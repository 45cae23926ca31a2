import Core
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Builder

/// `npm ci` that is not run again while nothing that it reads has changed.
struct DependencyReuseTests {
    private static let package = #"{"scripts": {"start": "node a"}}"#
    private static func lock(_ package: String) -> String {
        #"{"packages": {"": {}, "node_modules/"# + package + #"": {}}}"#
    }

    /// A package manager that writes one package, and an install script that may do something with it.
    private static func npm(
        then script: @escaping @Sendable (String) throws -> Void = { _ in }
    ) -> StubTaskRunner {
        StubTaskRunner { task, _ throws(PlatformError) in
            do {
                let files = FileManager.default
                if task.arguments.first == "npm" {
                    let folder = "\(task.directory)/node_modules/x/bin"
                    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    try Data("code".utf8).write(to: URL(fileURLWithPath: "\(folder)/x.js"))
                    chmod("\(folder)/x.js", 0o700)
                    try files.createSymbolicLink(
                        atPath: "\(task.directory)/node_modules/.bin", withDestinationPath: "x/bin")
                } else {
                    try script(task.directory)
                }
                return .exited(0)
            } catch {
                throw .internal("test", cause: error)
            }
        }
    }

    private func build(
        _ fixture: BuildFixture, lock: String = lock("x"), extra: [String: String] = [:],
        environment: [String: String] = [:]
    ) async throws -> String {
        let texts = ["package.json": Self.package, "package-lock.json": lock].merging(extra) { $1 }
        let release = try await fixture.build(texts: texts, template: "node", environment: environment).release
        return fixture.builder.filesDirectory(of: release.id)
    }

    private func status(_ path: String) -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    @Test func packagesOfTheSameLockFileAreTakenOver() async throws {
        let fixture = try BuildFixture(Self.npm())
        let first = try await build(fixture)
        let second = try await build(fixture, extra: ["a.js": "changed"], environment: ["XHOST_SHA": "b"])
        #expect(fixture.runner.tasks.count == 1)
        let (old, new) = ("\(first)/node_modules/x/bin/x.js", "\(second)/node_modules/x/bin/x.js")
        #expect(status(old).st_ino == status(new).st_ino)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(second)/node_modules/.bin") == "x/bin")
        #expect(fixture.log.lines.contains { $0.hasPrefix("npm ci not needed: nothing it reads has changed; 1 files") })
        // The folders are the app's own, the files are nobody's to change.
        #expect(status("\(second)/node_modules/x").st_uid == 12_345)
        #expect(status(new).st_uid == 0)
        #expect(status(new).st_mode & 0o777 == 0o555)
    }

    @Test func `unchanged files are linked while no command runs and are the tenant's own when one does`() async throws
    {
        let fixture = try BuildFixture(Self.npm())
        func build(_ lock: String, _ extra: [String: String] = [:], after previous: Release?) async throws -> Release {
            let texts = ["package.json": Self.package, "package-lock.json": Self.lock(lock), "a.js": "same"]
            return try await fixture.build(texts: texts.merging(extra) { $1 }, template: "node", previous: previous)
                .release
        }
        func file(_ release: Release) -> stat { status("\(fixture.builder.filesDirectory(of: release.id))/a.js") }

        let installed = try await build("x", after: nil)
        let taken = try await build("x", after: installed)
        let again = try await build("x", ["b.js": "new"], after: taken)
        let other = try await build("y", after: again)
        let brought = try await build("x", ["node_modules/own.js": "own"], after: again)

        #expect([installed, taken, again, other, brought].map(\.isPristine) == [false, true, true, false, false])
        // A command may have written into the first one's.
        #expect(file(taken).st_ino != file(installed).st_ino)
        #expect(file(again).st_ino == file(taken).st_ino)
        #expect(file(again).st_uid == 0)
        // A command may write into these.
        for release in [installed, other, brought] { #expect(file(release).st_nlink == 1) }
        #expect(fixture.repository.checkouts.map(\.account) == [12_345, nil, nil, 12_345, nil, 12_345])
        // The folders of what builds keep are not fetched for a build without a command.
        #expect(fixture.log.lines.filter { $0.hasPrefix("cache npm") }.count == 2)
    }

    @Test(
        arguments: [
            ["package-lock.json": lock("y")], [".npmrc": "registry=x"],
            ["package.json": #"{"scripts": {"start": "node a"}, "overrides": {}}"#],
        ])
    func aChangeOfWhatIsReadInstallsAgain(_ change: [String: String]) async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture)
        _ = try await build(fixture, extra: change)
        #expect(fixture.runner.tasks.count == 2)
    }

    @Test func aVariableOfTheAppInstallsAgain() async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture, environment: ["NPM_TOKEN": "a"])
        _ = try await build(fixture, environment: ["NPM_TOKEN": "b"])
        #expect(fixture.runner.tasks.count == 2)
    }

    @Test func whatAnInstallScriptDoesToThemStaysInItsRelease() async throws {
        let fixture = try BuildFixture(
            Self.npm { directory in
                try Data("patched".utf8).write(to: URL(fileURLWithPath: "\(directory)/node_modules/x/new.js"))
                unlink("\(directory)/node_modules/x/bin/x.js")
            })
        _ = try await build(fixture, extra: ["install.sh": ""])
        let second = try await build(fixture)
        #expect(!FileManager.default.fileExists(atPath: "\(second)/node_modules/x/new.js"))
        #expect(FileManager.default.fileExists(atPath: "\(second)/node_modules/x/bin/x.js"))
    }

    @Test func packagesOfTheRepositoryItselfAreLeftAlone() async throws {
        let fixture = try BuildFixture(Self.npm())
        _ = try await build(fixture)
        let second = try await build(fixture, extra: ["node_modules/own.js": "own"])
        #expect(fixture.runner.tasks.count == 2)
        #expect(FileManager.default.fileExists(atPath: "\(second)/node_modules/own.js"))
    }

    @Test func filesThatHaveAnotherNameAreNotShared() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                mkdir("\(task.directory)/node_modules", 0o755)
                try? Data("code".utf8).write(to: URL(fileURLWithPath: "\(task.directory)/keep.js"))
                link("\(task.directory)/keep.js", "\(task.directory)/node_modules/x.js")
                return .exited(0)
            })
        _ = try await build(fixture)
        _ = try await build(fixture)
        #expect(fixture.runner.tasks.count == 2)
    }

    @Test func aFailedInstallKeepsNothing() async throws {
        let isBroken = Mutex(true)
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                mkdir("\(task.directory)/node_modules", 0o755)
                return .exited(isBroken.withLock { $0 } ? 1 : 0)
            })
        await #expect(throws: PlatformError.self) { try await build(fixture) }
        isBroken.withLock { $0 = false }
        _ = try await build(fixture)
        #expect(fixture.runner.tasks.count == 2)
    }

    @Test func anAppKeepsAFewAndAnotherAppHasItsOwn() async throws {
        let fixture = try BuildFixture(Self.npm())
        for package in ["a", "b", "c", "d", "e"] { _ = try await build(fixture, lock: Self.lock(package)) }
        let home = fixture.directory.path("data/cache/dependencies/\(fixture.app)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: home).count == DependencyCache.keptPerApp)
        _ = try await build(fixture, lock: Self.lock("e"))
        #expect(fixture.runner.tasks.count == 5)
        await fixture.builder.forget(fixture.app)
        #expect(!FileManager.default.fileExists(atPath: home))
        let other = try BuildFixture(Self.npm())
        _ = try await build(other, lock: Self.lock("e"))
        #expect(other.runner.tasks.count == 1)
    }
}
