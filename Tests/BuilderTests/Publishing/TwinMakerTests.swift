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

    // MARK: - The program

    /// Compresses two texts with a script in the program's place; what the script has written to `$0.said`, and what is in
    /// the folder of twins.
    private func made(_ script: String, muchBytes: Int = 16 << 20) throws -> (said: String, twins: [String]) {
        let directory = try TemporaryDirectory("twin-maker")
        defer { withExtendedLifetime(directory) {} }
        let (program, root) = (directory.path("brotli"), directory.path("root"))
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let sources = try ["a", "b"].map { name in
            try Data((name + Self.text).utf8).write(to: URL(fileURLWithPath: "\(root)/\(name)"))
            return TwinMaker.Source(tag: "tag-\(name)", size: Self.text.utf8.count + 1, parts: [name])
        }
        let maker = TwinMaker(brotli: BrotliProgram(path: program), muchBytes: muchBytes)
        let (_, count) = try maker.make(
            sources, root: FolderHandle(path: root), folder: directory.path("twins"), previous: nil, known: [:])
        let twins = try FileManager.default.contentsOfDirectory(atPath: directory.path("twins")).sorted()
        #expect(count == twins.count)
        let said = (try? String(contentsOfFile: "\(program).said", encoding: .utf8)) ?? ""
        return (said.trimmingCharacters(in: .whitespacesAndNewlines), twins)
    }

    @Test func `gzip works while Brotli does`() throws {
        // Ends in good time only when the other one's files come meanwhile.
        let script = """
            for name do :; done
            for round in $(seq 1000); do
                ls "${name%/*}" | grep -q gz$ && echo seen >"$0.said" && exit 0
                sleep 0.01
            done
            exit 1
            """
        #expect(try made(script).said == "seen")
    }

    @Test func `a site with much to compress is compressed with less effort`() throws {
        let script = #"echo "$1 $2" >"$0.said""#
        #expect(try made(script).said == "-q 9")
        #expect(try made(script, muchBytes: 2 * Self.text.utf8.count).said == "-q 5")
    }

    @Test func `the program makes way for what is served`() throws {
        func niceness(_ status: String) -> Int? {
            // The 19th field; the second, in parentheses, may hold spaces (proc_pid_stat(5)).
            let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 16 ? Int(fields[16]) : nil
        }
        let own = try #require(niceness(String(contentsOfFile: "/proc/self/stat", encoding: .utf8)))
        #expect(try niceness(made(#"cat /proc/$$/stat >"$0.said""#).said) == min(19, own + 10))
    }

    @Test func `a program that fails leaves nothing of its own`() throws {
        let twins = try made(#"for name do :; done; echo x >"$name.br"; exit 1"#).twins
        #expect(twins == ["tag-a.gz", "tag-b.gz"])
    }
}
