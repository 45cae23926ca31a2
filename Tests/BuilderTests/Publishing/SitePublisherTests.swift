import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

struct SitePublisherTests {
    private func published(_ tree: StubRepository.Tree) async throws -> (site: StaticSite, log: [String]) {
        let fixture = try BuildFixture(hasLinks: true)
        let site = try #require(try await fixture.build(tree).result.site)
        return (site, fixture.log.lines)
    }

    /// With links that a build makes: a commit has none that lead out of it.
    private func published(
        _ tree: StubRepository.Tree, made links: [String: String]
    ) async throws -> (site: StaticSite, log: [String]) {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                for (path, target) in links {
                    guard symlink(target, "\(task.directory)/\(path)") == 0 else { throw .invalid("symlink") }
                }
                return .exited(0)
            })
        let site = try await fixture.build(tree.merging(["install.sh": .text("ln")]) { $1 }).result.site
        return (try #require(site), fixture.log.lines)
    }

    private func published(texts: [String: String]) async throws -> (site: StaticSite, log: [String]) {
        try await published(texts.mapValues { .text($0) })
    }

    @Test func hiddenFilesAndTheInstallScriptAreNotPublished() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let texts = [
            "index.html": "", ".env": "SECRET", ".git/config": "", "a/.hidden/x.txt": "", "a/.htaccess": "",
            "install.sh": "true", "a/install.sh": "kept", ".well-known/security.txt": "", "a/.well-known/x": "",
            ".well-known/.env": "", ".GIT/config": "", "..data/x": "", ".well-known2/x": "",
        ]
        let site = try #require(try await fixture.build(texts: texts).result.site)
        #expect(
            site.files.keys.sorted() == [
                ".well-known/security.txt", "a/.well-known/x", "a/install.sh", "index.html",
            ])
    }

    @Test(
        arguments: [
            (["index.html", "public/index.html"], "", "index.html"),
            (["public/index.html", "dist/index.html"], "public", "index.html"),
            (["public/other.html", "dist/index.html"], "dist", "index.html"),
            (["build/index.html", "_site/index.html"], "build", "index.html"),
            (["_site/index.html", "out/index.html"], "_site", "index.html"),
            (["out/index.html", "README.md"], "out", "index.html"),
            (["other/index.html", "README.md"], "", "README.md"),
            (["index.html/x", "out/index.html"], "out", "index.html"),
        ])
    func theFirstFolderWithAnIndexIsPublished(_ files: [String], _ folder: String, _ expected: String) async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (release, result) = try await fixture.build(
            texts: Dictionary(uniqueKeysWithValues: files.map { ($0, "x") }))
        let site = try #require(result.site)
        let root = fixture.builder.filesDirectory(of: release.id)
        #expect(site.root == (folder.isEmpty ? root : "\(root)/\(folder)"))
        #expect(site.files[.init(expected)]?.path == expected)
        #expect(!site.files.keys.contains { !folder.isEmpty && $0.text.hasPrefix("\(folder)/") })
    }

    @Test func aSiteWithoutIndexIsPublishedWithAWarning() async throws {
        let (site, log) = try await published(texts: ["a.txt": "a"])
        #expect(site.files.keys.sorted() == ["a.txt"])
        #expect(
            log.contains(
                "warning: no index.html in the root, public/, dist/, build/, _site/, out/: / will answer 404"))
    }

    @Test func aRepositoryWithoutFilesIsPublishedEmpty() async throws {
        #expect(try await published(texts: [".gitkeep": ""]).site.files.isEmpty)
    }

    @Test func filesAreDescribed() async throws {
        let fixture = try BuildFixture(hasLinks: true)
        let (release, result) = try await fixture.build(
            texts: ["index.html": "hello", "css/site.css": "", "data": "hello"])
        let page = try #require(result.site?.files["index.html"])
        // Half of the SHA-256 of "hello".
        #expect(page.etag == "\"2cf24dba5fb0a30e26e83b2ac5b9e29e\"")
        #expect(page.size == 5)
        #expect(page.mediaType == "text/html; charset=utf-8")
        let folder = try FolderHandle(path: fixture.builder.filesDirectory(of: release.id))
        #expect(page.modified == (try folder.status(FileName("index.html")).modifiedSeconds))
        #expect(result.site?.files["css/site.css"]?.mediaType == "text/css; charset=utf-8")
        #expect(result.site?.files["data"]?.etag == page.etag)
    }

    // MARK: - Links (regression tests for what checkouts and builds are attacked with)

    @Test func attack9And24LinksOutOfThePublishedFolderAreLeftOut() async throws {
        let (site, log) = try await published(
            [
                "public/index.html": .text("x"), "public/up": .symlink("../secret.txt"),
                "public/chain": .symlink("up"), "secret.txt": .text("s"),
                "public/hop/x": .symlink("../../public/../secret.txt"),
                "public/back": .symlink("../public/index.html"),
            ],
            made: [
                "public/passwd": "/etc/passwd", "public/far": "../../../../../../etc/passwd", "public/etc": "/etc",
            ])
        #expect(site.files.keys.sorted() == ["index.html"])
        #expect(log.contains("not published: passwd: it is a link out of the published folder"))
        #expect(log.count { $0.hasPrefix("not published: ") } == 7)
    }

    @Test func attack24LinksToHiddenFilesAreLeftOut() async throws {
        let (site, log) = try await published([
            "index.html": .text("x"), ".env": .text("SECRET"), "env.txt": .symlink(".env"), "git": .symlink(".git"),
            ".git/config": .text("c"), "config": .symlink("git/config"),
        ])
        #expect(site.files.keys.sorted() == ["index.html"])
        #expect(log.contains("not published: env.txt: it is a link to something that is not published"))
        #expect(log.contains("not published: config: it is a link to something that is not published"))
    }

    @Test func linksInsideAreResolvedToTheirFile() async throws {
        let (site, _) = try await published([
            "index.html": .symlink("pages/home.html"), "pages/home.html": .text("home"), "v2/a.js": .text("a"),
            "latest": .symlink("v2"), "deep/one": .symlink("../latest/a.js"), "self": .symlink("./pages/../index.html"),
        ])
        #expect(site.files["index.html"]?.path == "pages/home.html")
        #expect(site.files["latest/a.js"]?.path == "v2/a.js")
        #expect(site.files["deep/one"]?.path == "v2/a.js")
        #expect(site.files["self"]?.path == "pages/home.html")
        #expect(site.files["index.html"]?.mediaType == "text/html; charset=utf-8")
        #expect(site.files["index.html"]?.etag == site.files["pages/home.html"]?.etag)
    }

    @Test func attack9CirclesOfLinksEnd() async throws {
        let (site, log) = try await published([
            "index.html": .text("x"), "a": .symlink("b"), "b": .symlink("a"), "dir/up": .symlink(".."),
            "dir/here": .symlink("."), "nowhere": .symlink("missing/file"), "through": .symlink("index.html/x"),
        ])
        #expect(site.files.keys.sorted() == ["index.html"])
        #expect(log.contains("not published: a: it is a link that leads nowhere"))
        #expect(log.contains("not published: dir/up: it is a link to a folder that it is in"))
        #expect(log.contains("not published: nowhere: it is a link that leads nowhere"))
    }

    @Test func attack9LinksThatMultiplyAreBounded() async throws {
        var tree: StubRepository.Tree = ["index.html": .text("x"), "d0/f": .text("x")]
        for level in 1...30 {
            tree["d\(level)/a"] = .symlink("../d\(level - 1)")
            tree["d\(level)/b"] = .symlink("../d\(level - 1)")
        }
        let fixture = try BuildFixture(hasLinks: true) { $0.maximumEntries = 1000 }
        let error = await #expect(throws: PlatformError.self) { try await fixture.build(tree) }
        #expect(error?.message == "the site has more than 1000 files")
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func aPublishedFolderThatIsALinkDoesNotCount() async throws {
        let (site, _) = try await published(
            ["dist": .symlink("real"), "real/index.html": .text("x"), "out/index.html": .text("x")],
            made: ["public": "/etc"])
        #expect(site.root.hasSuffix("/out"))
    }

    // MARK: - Names

    @Test func hostileNamesArePublishedAsTheyAreAndShownHarmlessly() async throws {
        let long = String(repeating: "n", count: 255)
        let (site, log) = try await published(
            [
                "index.html": .text("x"), "a\nb.txt": .text("1"), "-rf": .text("2"), "ä ö😀.html": .text("3"),
                long: .text("4"), "$(id);`id`.txt": .text("5"),
            ], made: ["x\n[2026] deploy complete": "/etc/passwd", "\u{1b}[2Jx": "/etc/passwd"])
        #expect(
            Set(site.files.keys)
                == ["index.html", "a\nb.txt", "-rf", "ä ö😀.html", .init(long), "$(id);`id`.txt"])
        #expect(site.files["ä ö😀.html"]?.mediaType == "text/html; charset=utf-8")
        #expect(log.allSatisfy { line in !line.unicodeScalars.contains { $0.value < 0x20 } })
        #expect(log.contains { $0.hasPrefix("not published: x\\n[2026] deploy complete: ") })
    }

    @Test func twoUnicodeFormsOfOneNameDoNotClash() async throws {
        let (composed, decomposed) = ("caf\u{e9}.txt", "cafe\u{301}.txt")
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                try task.write(composed, "composed")
                try task.write(decomposed, "decomposed")
                return .exited(0)
            })
        let (release, result) = try await fixture.build(texts: ["index.html": "", "install.sh": ""])
        let files = try #require(result.site?.files)
        for name in [composed, decomposed] {
            #expect(files[.init(name)].map { Array($0.path.utf8) } == Array(name.utf8))
        }
        #expect(files[.init(composed)]?.etag != files[.init(decomposed)]?.etag)
        #expect(try await fixture.builder.site(of: release.id) == result.site)
    }

    @Test func namesThatAreNotUTF8AreLeftOut() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                let path = Array(task.directory.utf8).map { CChar(bitPattern: $0) } + [0x2f, -1, 0]
                close(open(path, O_CREAT | O_WRONLY, 0o644))
                return .exited(0)
            })
        let (release, result) = try await fixture.build(texts: ["index.html": "", "install.sh": ""])
        #expect(result.site?.files.keys.sorted() == ["index.html"])
        #expect(fixture.log.lines.contains { $0.hasSuffix("its name is not UTF-8") })
        await fixture.builder.remove(release.id)
        #expect(fixture.leftovers().isEmpty)
    }
}
