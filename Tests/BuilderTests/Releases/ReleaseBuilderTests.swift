import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

struct ReleaseBuilderTests {
    @Test func theTemplatesAreNamedInOrder() throws {
        #expect(try BuildFixture().builder.templateNames == ["node", "python", "docs", "static"])
    }

    @Test func aStaticSiteIsBuiltWithoutAContainer() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (release, result) = try await fixture.build(texts: ["index.html": "hello", "a/b.txt": "b"])
        #expect(result.isPristine)
        #expect(result.plan == RunPlan(kind: .static))
        #expect(fixture.runner.tasks.isEmpty)
        #expect(result.site?.root == "\(fixture.releases)/\(release.id)/files")
        #expect(fixture.repository.checkouts.first?.account == nil)
        #expect(
            fixture.log.linesWithoutTimes == [
                "checked out 2 files (#)", "publishing 2 files", "site stored (#)", "build finished in #",
            ])
        #expect(await fixture.builder.releasesOnDisk() == [release.id])
    }

    @Test func theSiteIsReadBackAlsoFromAMovedDataFolder() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (release, result) = try await fixture.build(texts: ["public/index.html": "hello"])
        #expect(try await fixture.builder.site(of: release.id) == result.site)
        let moved = fixture.directory.path("moved")
        try FileManager.default.moveItem(atPath: fixture.releases, toPath: moved)
        let other = try BuildFixture { $0.releases = moved }
        let site = try await other.builder.site(of: release.id)
        #expect(site.root == "\(moved)/\(release.id)/files/public")
        #expect(site.files == result.site?.files)
    }

    @Test func theSiteOfAReleaseThatIsNotThereIsNotFound() async throws {
        let fixture = try BuildFixture()
        let error = await #expect(throws: PlatformError.self) { try await fixture.builder.site(of: ID()) }
        #expect(error?.code == .notFound)
    }

    // MARK: - Reuse

    @Test func unchangedFilesAreLinkedFromAPristineRelease() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (first, _) = try await fixture.build(texts: ["index.html": "one", "same.txt": "same"])
        let (second, result) = try await fixture.build(
            texts: ["index.html": "two", "same.txt": "same"], previous: first)
        #expect(try fixture.inode(first, "same.txt") == fixture.inode(second, "same.txt"))
        #expect(try fixture.inode(first, "index.html") != fixture.inode(second, "index.html"))
        #expect(fixture.log.linesWithoutTimes.contains("checked out 2 files, 1 unchanged (#)"))
        #expect(result.isPristine)
        let previous = fixture.repository.checkouts.last?.previous
        #expect(previous?.commit == first.commit)
        #expect(previous?.directory == fixture.builder.filesDirectory(of: first.id))
        await fixture.builder.remove(first.id)
        #expect(try await fixture.builder.site(of: second.id).files["same.txt"]?.size == 4)
    }

    @Test func anUnchangedFileIsDescribedFromThePreviousManifestWithoutReadingIt() async throws {
        let fixture = try BuildFixture()
        let (first, one) = try await fixture.build(texts: ["index.html": "one", "same.txt": "same"])
        // A mark in the old manifest comes through only when the entry was reused.
        let path = "\(fixture.releases)/\(first.id)/\(SiteManifest.fileName)"
        let bytes = try #require(FileManager.default.contents(atPath: path))
        var manifest = try #require(SiteManifest(encoded: Array(bytes)))
        manifest.records["same.txt"]?.tag = "marked"
        manifest.records["index.html"]?.tag = "stale"
        try Data(manifest.encoded).write(to: URL(fileURLWithPath: path))
        let (_, two) = try await fixture.build(texts: ["index.html": "two", "same.txt": "same"], previous: first)
        #expect(two.site?.files["same.txt"]?.etag == "\"marked\"")
        #expect(two.site?.files["index.html"]?.etag != "\"stale\"")
        #expect(two.site?.files["index.html"]?.etag != one.site?.files["index.html"]?.etag)
    }

    @Test func aDamagedPreviousManifestOnlyCostsTime() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (first, one) = try await fixture.build(texts: ["index.html": "one"])
        let path = "\(fixture.releases)/\(first.id)/\(SiteManifest.fileName)"
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        let (_, two) = try await fixture.build(texts: ["index.html": "one"], previous: first)
        #expect(two.site?.files == one.site?.files)
    }

    @Test func nothingIsLinkedWhenACommandWillWrite() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        let (second, result) = try await fixture.build(
            texts: ["index.html": "one", "install.sh": "true"], previous: first)
        #expect(fixture.repository.checkouts.last?.previous == nil)
        #expect(fixture.repository.checkouts.last?.account == 12_345)
        #expect(!result.isPristine)
        #expect(try fixture.inode(first, "index.html") != fixture.inode(second, "index.html"))
    }

    @Test func nothingIsLinkedFromAReleaseThatACommandWroteTo() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one", "install.sh": "true"])
        #expect(!first.isPristine)
        _ = try await fixture.build(texts: ["index.html": "one"], previous: first)
        #expect(fixture.repository.checkouts.last?.previous == nil)
    }

    @Test func aPreviousReleaseThatIsGoneIsDoneWithout() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        await fixture.builder.remove(first.id)
        _ = try await fixture.build(texts: ["index.html": "one"], previous: first)
        #expect(fixture.repository.checkouts.last?.previous == nil)
    }

    // MARK: - Steps

    @Test func theInstallScriptRunsInAContainerOfTheChannel() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, output throws(PlatformError) in
                output(Array("hel".utf8))
                output(Array("lo\nlast".utf8))
                try task.write("public/index.html", "made")
                return .exited(0)
            })
        let (release, result) = try await fixture.build(
            texts: ["install.sh": "true", "source.txt": "s"],
            environment: ["DATABASE_URL": "postgresql://x", "HOME": "/app"])
        let task = try #require(fixture.runner.tasks.first)
        #expect(task.arguments == ["/bin/sh", "install.sh"])
        #expect(task.directory == fixture.builder.filesDirectory(of: release.id))
        #expect(task.account == 12_345)
        #expect(task.channel == release.channelID)
        #expect(task.environment["DATABASE_URL"] == "postgresql://x")
        #expect(task.environment["HOME"] == "/app")
        #expect(task.environment["PATH"] == "/app/node_modules/.bin:/usr/local/bin:/usr/bin:/bin")
        #expect(result.site?.files.keys.sorted() == ["index.html"])
        #expect(
            fixture.log.linesWithoutTimes == [
                "checked out 2 files (#)", "running install.sh...", "hello", "last", "install.sh finished (#)",
                "publishing 1 file from public/", "site stored (#)", "build finished in #",
            ])
    }

    @Test func outputReachesTheLogWhileTheStepRuns() async throws {
        let log = RecordingLogSink()
        let seen = RecordingLogSink()
        let fixture = try BuildFixture(
            StubTaskRunner { _, output throws(PlatformError) in
                output(Array("first\n".utf8))
                seen.write(log.lines.last ?? "")
                return .exited(0)
            })
        let request = try fixture.request(fixture.repository.commit(texts: ["install.sh": ""]))
        _ = try await fixture.builder.build(request, log: log)
        #expect(seen.lines == ["first"])
    }

    @Test func aNodeAppGetsItsPackagesThenItsInstallScript() async throws {
        let fixture = try BuildFixture()
        let (_, result) = try await fixture.build(
            texts: [
                "package.json": #"{"scripts": {"start": "node a"}, "dependencies": {"x": "1"}}"#,
                "package-lock.json": #"{"packages": {"": {}, "node_modules/x": {}}}"#, "install.sh": "",
            ], template: "node")
        #expect(
            fixture.runner.tasks.map(\.arguments) == [
                ["npm", "ci", "--no-audit", "--no-fund"], ["/bin/sh", "install.sh"],
            ])
        #expect(Set(fixture.runner.tasks.map(\.id)).count == 2)
        #expect(result.plan.command == ["/bin/bash", "-c", "node a"])
        #expect(result.site == nil)
        #expect(!result.isPristine)
    }

    @Test func aNodeAppWithoutPackagesNeedsNoContainerToBuild() async throws {
        let fixture = try BuildFixture()
        let files = ["package.json": #"{"scripts": {"start": "node a"}}"#, "a.js": ""]
        let (first, result) = try await fixture.build(texts: files, template: "node")
        #expect(result.isPristine)
        let (second, _) = try await fixture.build(texts: files, template: "node", previous: first)
        #expect(fixture.runner.tasks.isEmpty)
        #expect(try fixture.inode(first, "a.js") == fixture.inode(second, "a.js"))
    }

    @Test func aRepositoryOfAnotherKindIsNoted() async throws {
        let fixture = try BuildFixture()
        _ = try await fixture.build(texts: ["package.json": "{}"])
        #expect(fixture.log.lines.first == "note: this looks like a node app; it is built with the template static")
    }
}
