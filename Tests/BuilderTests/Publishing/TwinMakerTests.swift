import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

struct TwinMakerTests {
    private static let text = String(repeating: "body { color: red } ", count: 200)

    private func content(_ site: StaticSite, _ name: StaticSite.Name, _ suffix: String) throws -> Data {
        let file = try #require(site.files[name])
        return try Data(contentsOf: URL(fileURLWithPath: "\(site.twins)/\(file.twinName(suffix))"))
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    @Test func twinsAreMadeForTextAboveAKibibyteAndHoldTheSame() async throws {
        let fixture = try BuildFixture()
        let site = try #require(
            try await fixture.build(texts: [
                "index.html": Self.text, "same.html": Self.text, "small.css": "body {}", "photo.jpg": Self.text,
                "noise.txt": String((0..<2000).map { _ in Character(UnicodeScalar(UInt8.random(in: 33...126))) }),
            ]).result.site)
        let page = try #require(site.files["index.html"])
        #expect((page.brotli ?? 0) > 0 && (page.brotli ?? 0) < 400)
        #expect((page.gzip ?? 0) > 0 && (page.gzip ?? 0) < 400)
        #expect(site.files["same.html"]?.brotli == page.brotli)
        #expect(site.files["small.css"]?.gzip == nil)
        #expect(site.files["photo.jpg"]?.brotli == nil)
        #expect(try content(site, "index.html", "br").count == page.brotli)
        let file = "\(site.twins)/\(page.twinName("br"))"
        #expect(String(decoding: try run("/usr/bin/brotli", ["-d", "-c", file]), as: UTF8.self) == Self.text)
        let gzip = "\(site.twins)/\(page.twinName("gz"))"
        #expect(String(decoding: try run("/usr/bin/gzip", ["-d", "-c", gzip]), as: UTF8.self) == Self.text)
        // Nothing of the work is left.
        let names = try FileManager.default.contentsOfDirectory(atPath: site.twins)
        #expect(names.allSatisfy { $0.hasSuffix(".br") || $0.hasSuffix(".gz") })
    }

    @Test func unchangedTwinsAreLinked() async throws {
        let fixture = try BuildFixture()
        let (first, one) = try await fixture.build(texts: ["index.html": Self.text, "b.css": "x"])
        let (second, two) = try await fixture.build(
            texts: ["index.html": Self.text, "b.css": Self.text + "y"], previous: first)
        let file = try #require(two.site?.files["index.html"])
        #expect(file == one.site?.files["index.html"])
        for suffix in ["br", "gz"] {
            let inodes = try [one.site, two.site].map { site in
                let path = "\(site?.twins ?? "")/\(file.twinName(suffix))"
                return try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
            }
            #expect(inodes[0] == inodes[1])
        }
        #expect(two.site?.files["b.css"]?.brotli != nil)
        #expect(try await fixture.builder.site(of: second.id) == two.site)
    }

    @Test func rulesArePublishedAndTheirFilesAreNot() async throws {
        let fixture = try BuildFixture()
        let (release, result) = try await fixture.build(texts: [
            "index.html": "x", "_redirects": "/a /b\n", "_headers": "/*\n  X: y\n", "sub/_headers": "plain file",
        ])
        let site = try #require(result.site)
        #expect(site.files.keys.sorted() == ["index.html", "sub/_headers"])
        #expect(site.redirects.map(\.destination) == ["/b"])
        #expect(site.headers.count == 1)
        #expect(try await fixture.builder.site(of: release.id) == site)
    }

    @Test func attack25AMistakeInTheRulesEndsTheBuildWithItsLine() async throws {
        let fixture = try BuildFixture()
        let error = try await fixture.failure(texts: ["index.html": "", "_redirects": "/ok /x\n/a /b\n/b /a\n"])
        #expect(error?.code == .buildFailed)
        #expect(error?.message == "_redirects line 2: a loop: it leads to itself by way of line 3 (and 1 more)")
        #expect(fixture.log.lines.contains("_redirects line 3: a loop: it leads to itself by way of line 2"))
        #expect(fixture.leftovers().isEmpty)
    }
}
