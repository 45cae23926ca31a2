import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

/// Sites of plain files, which their app's releases share by content.
struct SharedSiteTests {
    @Test func aPlainSiteIsServedFromTheAppsSharedContent() async throws {
        let fixture = try BuildFixture()
        let (release, result) = try await fixture.build(texts: ["index.html": "hello", "a/b.txt": "b", ".hidden": "x"])
        let site = try #require(result.site)
        #expect(result.isPristine)
        #expect(site.root == "\(fixture.releases)/sites/\(fixture.app)/files")
        #expect(site.files.keys.sorted() == ["a/b.txt", "index.html"])
        #expect(fixture.served(site, "index.html") == "hello")
        #expect(fixture.served(site, "a/b.txt") == "b")
        #expect(fixture.repository.checkouts.isEmpty)
        #expect(fixture.names(in: "\(release.id)") == [SiteManifest.fileName])
        #expect(try await fixture.builder.site(of: release.id) == site)
        #expect(await fixture.builder.releasesOnDisk() == [release.id])
    }

    @Test func onlyWhatHasChangedIsWritten() async throws {
        let fixture = try BuildFixture()
        let (first, one) = try await fixture.build(texts: ["index.html": "one", "same.txt": "same", "gone.txt": "gone"])
        let (_, two) = try await fixture.build(
            texts: ["index.html": "two", "same.txt": "same", "new.txt": "new"], previous: first)
        #expect(fixture.repository.comparisons == [nil, first.commit])
        #expect(
            try fixture.repository.writes.last == [
                fixture.repository.blob(Array("two".utf8)), fixture.repository.blob(Array("new".utf8)),
            ])
        let site = try #require(two.site)
        #expect(site.files.keys.sorted() == ["index.html", "new.txt", "same.txt"])
        #expect(site.files["same.txt"] == one.site?.files["same.txt"])
        #expect(site.files["index.html"]?.etag != one.site?.files["index.html"]?.etag)
        #expect(fixture.served(site, "index.html") == "two")
        #expect(fixture.log.linesWithoutTimes.contains("checked out 3 files, 1 unchanged (#)"))
    }

    @Test func aFileThatWasMovedIsNotWrittenAgain() async throws {
        let fixture = try BuildFixture()
        let (first, one) = try await fixture.build(texts: ["index.html": "i", "old/name.txt": "text"])
        let (_, two) = try await fixture.build(texts: ["index.html": "i", "new.txt": "text"], previous: first)
        #expect(fixture.repository.writes.count == 1)
        #expect(two.site?.files["new.txt"]?.etag == one.site?.files["old/name.txt"]?.etag)
        #expect(two.site?.files["old/name.txt"] == nil)
    }

    @Test func anotherChannelOfTheAppTakesTheSameFiles() async throws {
        let fixture = try BuildFixture()
        let texts = ["index.html": "i", "a.txt": "a"]
        let (_, one) = try await fixture.build(texts: texts)
        let (_, two) = try await fixture.build(texts: texts)
        #expect(fixture.repository.writes.count == 1)
        #expect(one.site?.files == two.site?.files)
    }

    @Test func compressedTwinsAreMadeOnce() async throws {
        let fixture = try BuildFixture()
        let text = String(repeating: "a line of text that is there again and again\n", count: 200)
        let (first, one) = try await fixture.build(texts: ["index.html": text, "a.txt": "a"])
        let (_, two) = try await fixture.build(texts: ["index.html": text, "a.txt": "b"], previous: first)
        let (site, file) = (try #require(one.site), try #require(one.site?.files["index.html"]))
        #expect(two.site?.files["index.html"] == file)
        let size = try #require(file.gzip)
        #expect(fixture.size("\(site.twins)/\(file.twinName("gz"))") == size)
        #expect(site.twins == two.site?.twins)
        #expect(site.files["a.txt"]?.gzip == nil)
    }

    @Test func rulesAreTakenOverUntilTheyChange() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(
            texts: ["index.html": "i", "_redirects": "/old /new 301\n", "_headers": "/*\n  X-A: b\n"])
        let (second, two) = try await fixture.build(
            texts: ["index.html": "j", "_redirects": "/old /new 301\n", "_headers": "/*\n  X-A: b\n"], previous: first)
        #expect(two.site?.redirects.map(\.destination) == ["/new"])
        #expect(two.site?.headers.count == 1)
        #expect(two.site?.files.keys.sorted() == ["index.html"])
        let (_, three) = try await fixture.build(
            texts: ["index.html": "j", "_redirects": "/old /newer 301\n"], previous: second)
        #expect(three.site?.redirects.map(\.destination) == ["/newer"])
        #expect(three.site?.headers.isEmpty == true)
    }

    @Test func aMistakeInTheRulesLeavesNothing() async throws {
        let fixture = try BuildFixture()
        let error = try await fixture.failure(texts: ["index.html": "i", "_redirects": "nonsense\n"])
        #expect(error?.code == .buildFailed)
        #expect(fixture.leftovers().filter { $0 != "sites" }.isEmpty)
        #expect(fixture.names(in: "sites/\(fixture.app)/files").isEmpty)
    }

    @Test func anotherOutputFolderIsPublishedWhole() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: [
            "index.html": "root", "public/index.html": "p", "public/a": "a",
        ])
        let (_, two) = try await fixture.build(texts: ["public/index.html": "p", "public/a": "a"], previous: first)
        #expect(two.site?.files.keys.sorted() == ["a", "index.html"])
        #expect(try #require(two.site.map { fixture.served($0, "index.html") }) == "p")
        #expect(fixture.log.lines.contains("publishing 2 files from public/"))
    }

    @Test func otherSettingsPublishTheSameCommitAnew() async throws {
        let fixture = try BuildFixture()
        let files = ["a/index.html": "a", "b/index.html": "b"]
        let (first, one) = try await fixture.build(texts: files.merging(["berth.yaml": "root: a\n"]) { $1 })
        let (_, two) = try await fixture.build(
            texts: files.merging(["berth.yaml": "root: b\n"]) { $1 }, previous: first)
        #expect(try #require(one.site.map { fixture.served($0, "index.html") }) == "a")
        #expect(try #require(two.site.map { fixture.served($0, "index.html") }) == "b")
    }

    @Test(arguments: [StubRepository.Entry.symlink("index.html"), .submodule])
    func whatHasToBeLookedAtOnDiskIsLaidOut(_ entry: StubRepository.Entry) async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        let request = try fixture.request(
            fixture.repository.commit(["index.html": .text("one"), "entry": entry]), previous: first)
        _ = try? await fixture.builder.build(request, log: fixture.log)
        #expect(fixture.repository.checkouts.map(\.directory) == [fixture.builder.filesDirectory(of: request.release)])
    }

    @Test func aPointerOfGitLFSIsFoundWhereItIsNew() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        let pointer =
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 5\n"
        let request = try fixture.request(
            fixture.repository.commit(texts: [
                "index.html": "one", "a/.gitattributes": "*.bin filter=lfs\n", "a/x.bin": pointer,
            ]), previous: first)
        let error = await #expect(throws: PlatformError.self) {
            try await fixture.builder.build(request, log: fixture.log)
        }
        #expect(error?.message.hasPrefix("a/x.bin is a Git LFS pointer") == true)
    }

    // MARK: - Collection

    @Test func whatNoReleaseNamesIsRemovedWithTheLastThatDid() async throws {
        let fixture = try BuildFixture()
        let text = String(repeating: "a line of text that is there again and again\n", count: 200)
        let (first, _) = try await fixture.build(texts: ["index.html": text, "same.txt": "same"])
        let (second, two) = try await fixture.build(texts: ["index.html": "two", "same.txt": "same"], previous: first)
        await fixture.builder.remove(first.id)
        let site = try #require(two.site)
        #expect(fixture.served(site, "same.txt") == "same")
        #expect(fixture.served(site, "index.html") == "two")
        #expect(
            try fixture.shared("files")
                == ["index.html", "same.txt"].map { try #require(site.files[$0]?.path) }.sorted())
        #expect(fixture.names(in: "sites/\(fixture.app)/twins").isEmpty)
        await fixture.builder.remove(second.id)
        #expect(try fixture.shared("files").isEmpty)
        #expect(fixture.names(in: "sites/\(fixture.app)/manifests").isEmpty)
    }

    @Test func aRemovalThatACrashCutOffIsFinishedByTheNextOne() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        let (second, _) = try await fixture.build(texts: ["index.html": "two"], previous: first)
        let (third, three) = try await fixture.build(texts: ["index.html": "three"], previous: second)
        try FileManager.default.removeItem(atPath: "\(fixture.releases)/\(first.id)")
        await fixture.builder.remove(second.id)
        #expect(try fixture.shared("files") == [try #require(three.site?.files["index.html"]?.path)])
        #expect(fixture.names(in: "sites/\(fixture.app)/manifests") == ["\(third.id)"])
    }

    @Test func aCopyOfTheDataFolderWithoutLinksKeepsItsFiles() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one", "same.txt": "same"])
        let (second, two) = try await fixture.build(texts: ["index.html": "two", "same.txt": "same"], previous: first)
        let path = "\(fixture.releases)/sites/\(fixture.app)/manifests/\(second.id)"
        let bytes = try #require(FileManager.default.contents(atPath: path))
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(fileURLWithPath: path))
        await fixture.builder.remove(first.id)
        #expect(try #require(two.site.map { fixture.served($0, "same.txt") }) == "same")
    }

    @Test func aDamagedManifestOfAKeptReleaseKeepsEverything() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        let (second, two) = try await fixture.build(texts: ["index.html": "two"], previous: first)
        let path = "\(fixture.releases)/sites/\(fixture.app)/manifests/\(second.id)"
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        await fixture.builder.remove(first.id)
        #expect(try #require(two.site.map { fixture.served($0, "index.html") }) == "two")
        #expect(try fixture.shared("files").count == 2)
    }

    @Test func aReleaseThatIsGoneIsNotCountedOn() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one", "same.txt": "same"])
        let content = SharedContent(releases: fixture.releases, app: fixture.app)
        try FileManager.default.createDirectory(
            atPath: "\(fixture.releases)/\(ID<Release>())", withIntermediateDirectories: false)
        await fixture.builder.remove(first.id)
        let release = ID<Release>()
        try FileManager.default.createDirectory(
            atPath: "\(fixture.releases)/\(release)", withIntermediateDirectories: false)
        let addition = SharedContent.Addition(files: "/nowhere", twins: "/nowhere")
        #expect(try !content.add(addition, manifest: [], of: release, relyingOn: [first.id]))
        #expect(fixture.names(in: "\(release)").isEmpty)
    }

    @Test func aDeletedAppLeavesNothing() async throws {
        let fixture = try BuildFixture()
        let (first, _) = try await fixture.build(texts: ["index.html": "one"])
        await fixture.builder.remove(first.id)
        await fixture.builder.forget(fixture.app)
        #expect(fixture.names(in: "sites").isEmpty)
    }

    @Test func sharedFilesCountOnceForTheFirstReleaseThatHasThem() async throws {
        let fixture = try BuildFixture()
        let large = String(repeating: "x", count: 100_000)
        let (first, _) = try await fixture.build(texts: ["index.html": "one", "large.bin": large])
        let (second, _) = try await fixture.build(texts: ["index.html": "two", "large.bin": large], previous: first)
        let sizes = await fixture.builder.sizes(of: [second.id, first.id])
        #expect(sizes[0] >= 100_000 + 4096 && sizes[0] < 130_000)
        #expect(sizes[1] >= 4096 && sizes[1] < 30_000)
    }
}

extension BuildFixture {
    /// What the router would answer with.
    fileprivate func served(_ site: StaticSite, _ name: StaticSite.Name) -> String? {
        site.files[name].flatMap { FileManager.default.contents(atPath: "\(site.root)/\($0.path)") }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    fileprivate func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(releases)/\(folder)")) ?? []).sorted()
    }

    /// Paths of all files in a folder of the app's shared content.
    fileprivate func shared(_ folder: String) throws -> [String] {
        let top = "sites/\(app)/\(folder)"
        return names(in: top).flatMap { part in names(in: "\(top)/\(part)").map { "\(part)/\($0)" } }.sorted()
    }

    fileprivate func size(_ path: String) -> Int? { FileManager.default.contents(atPath: path)?.count }
}
