import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct CheckoutTests {
    @Test func filesHaveTheirContentModeAndOwner() async throws {
        let fixture = try await Fixture()
        try fixture.write("run.sh", Data("#!/bin/sh\n".utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fixture.git.folder + "/run.sh")
        let commit = try await fixture.push(["a.txt": "a\n", "d/e/f.txt": "f\n", "empty": ""])
        let report = try await fixture.checkOut(commit, "out", account: 12345)
        #expect(report == CheckoutReport(files: 4, linked: 0, bytes: 14))
        #expect(fixture.text("out/a.txt") == "a\n")
        #expect(fixture.text("out/d/e/f.txt") == "f\n")
        #expect(fixture.text("out/empty") == "")
        #expect(try fixture.attribute("out/a.txt", .posixPermissions) == 0o644)
        #expect(try fixture.attribute("out/run.sh", .posixPermissions) == 0o755)
        #expect(try fixture.attribute("out/d/e", .posixPermissions) == 0o755)
        for path in ["out", "out/d/e", "out/d/e/f.txt"] {
            #expect(try fixture.attribute(path, .ownerAccountID) == 12345)
            #expect(try fixture.attribute(path, .groupOwnerAccountID) == 12345)
        }
    }

    @Test func unchangedFilesAreLinkedFromThePreviousCheckout() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.push(["a": "a", "b": "b", "d/c": "c", "d/e/g": "g", "gone/x": "x"])
        _ = try await fixture.checkOut(first, "one")
        try FileManager.default.removeItem(atPath: fixture.git.folder + "/gone")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fixture.git.folder + "/b")
        let second = try await fixture.push(["d/c": "changed", "new": "n"])
        let report = try await fixture.checkOut(second, "two", previous: (first, "one"))
        #expect(report == CheckoutReport(files: 5, linked: 2, bytes: 9))
        for path in ["a", "d/e/g"] {
            #expect(
                try fixture.attribute("one/\(path)", .systemFileNumber)
                    == fixture.attribute("two/\(path)", .systemFileNumber))
        }
        #expect(fixture.text("two/d/c") == "changed")
        #expect(fixture.text("one/d/c") == "c")
        #expect(fixture.text("two/gone/x") == nil)
        #expect(try fixture.attribute("two/b", .posixPermissions) == 0o755)
        #expect(try fixture.attribute("one/b", .posixPermissions) == 0o644)
        let again = try await fixture.checkOut(second, "three", previous: (second, "two"))
        #expect(again == CheckoutReport(files: 5, linked: 5, bytes: 0))
    }

    @Test func aPreviousCheckoutThatIsGoneCostsOnlyTime() async throws {
        let fixture = try await Fixture()
        let commit = try await fixture.push(["a": "a", "d/b": "b"])
        let unknown = try #require(CommitID(String(repeating: "a", count: 40)))
        for (index, previous) in [(commit, "missing"), (unknown, "client")].enumerated() {
            let report = try await fixture.checkOut(commit, "out\(index)", previous: previous)
            #expect(report == CheckoutReport(files: 2, linked: 0, bytes: 2))
        }
        // A file that somebody replaced by a link is not taken.
        _ = try await fixture.checkOut(commit, "one")
        try FileManager.default.removeItem(atPath: fixture.scratch.path("one/a"))
        try FileManager.default.createSymbolicLink(
            atPath: fixture.scratch.path("one/a"), withDestinationPath: "/etc/passwd")
        let report = try await fixture.checkOut(commit, "two", previous: (commit, "one"))
        #expect(report.linked == 1)
        #expect(fixture.text("two/a") == "a")
    }

    @Test func symbolicLinksInsideTheTreeAreKept() async throws {
        let fixture = try await Fixture()
        try fixture.link("d/up", to: "../a.txt")
        try fixture.link("folder", to: "d")
        try fixture.link("through", to: "folder/up")
        try fixture.link("later", to: "build/output.txt")
        let commit = try await fixture.push(["a.txt": "a\n"])
        let report = try await fixture.checkOut(commit, "out", account: 4321)
        #expect(report.files == 5)
        #expect(fixture.text("out/through") == "a\n")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: fixture.scratch.path("out/later"))
                == "build/output.txt")
    }

    @Test(arguments: [
        [("evil", "/etc/passwd")], [("evil", "../x")], [("d/evil", "../../x")],
        [("d/e", ".."), ("evil", "d/e/../../x")],
        [("loop", "loop")], [("a", "b"), ("b", "a")], [("one", "."), ("two", "one/../..")],
    ])
    func attack9SymbolicLinksThatLeaveTheTreeAreRefused(links: [(String, String)]) async throws {
        let fixture = try await Fixture()
        for (path, target) in links { try fixture.link(path, to: target) }
        let commit = try await fixture.push(["keep/x": "x"])
        let error = await #expect(throws: PlatformError.self) { try await fixture.checkOut(commit, "out") }
        #expect(error?.code == .buildFailed)
        #expect(error?.message.contains("symbolic link \"") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.scratch.path("out")))
    }

    @Test func attack8And9SubmodulesBecomeEmptyFoldersAndHooksAndFiltersAreNotRun() async throws {
        let fixture = try await Fixture()
        try fixture.write(".gitattributes", Data("*.txt filter=evil text eol=crlf\n".utf8))
        try fixture.write("a.txt", Data("a\n".utf8))
        try await fixture.git("add", "-A")
        let id = String(repeating: "c", count: 40)
        try await fixture.git("update-index", "--add", "--cacheinfo", "160000,\(id),sub")
        try await fixture.git("commit", "-q", "-m", "x")
        let commit = try await fixture.pushHead()
        let marker = fixture.scratch.path("marker")
        try await fixture.stored("config", "filter.evil.smudge", "touch \(marker)")
        try await fixture.stored("config", "core.autocrlf", "true")
        _ = try await fixture.checkOut(commit, "out")
        #expect(fixture.text("out/a.txt") == "a\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.scratch.path("out/sub")).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: marker))
    }

    /// Objects that got into the repository by other ways than a push are no better trusted.
    @Test(arguments: [".git", ".GIT", "..", ".", "a/b"])
    func attack9HostileNamesAreNotLaidOut(name: String) async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "a"])
        let blob = try await fixture.git("rev-parse", "HEAD:a")
        var bytes = Data("100644 \(name)\0".utf8)
        for index in 0..<20 {
            let digits = blob.dropFirst(2 * index).prefix(2)
            bytes.append(UInt8(digits, radix: 16) ?? 0)
        }
        try bytes.write(to: URL(fileURLWithPath: fixture.scratch.path("tree")))
        let tree = try await fixture.stored(
            "hash-object", "-t", "tree", "-w", "--literally", fixture.scratch.path("tree"))
        let commit = try #require(CommitID(try await fixture.stored("commit-tree", "-m", "x", tree)))
        let error = await #expect(throws: PlatformError.self) { try await fixture.checkOut(commit, "out") }
        #expect(error?.code == .buildFailed)
        #expect(!FileManager.default.fileExists(atPath: fixture.scratch.path("out")))
    }

    @Test func attack9TreesBeyondTheLimitsAreRefused() async throws {
        var limits = CheckoutLimits()
        limits.depth = 3
        limits.entries = 20
        limits.bytes = 100
        let fixture = try await Fixture(limits: limits)
        let deep = try await fixture.push(["a/b/c/d": "x"], branch: "deep")
        let large = try await {
            try fixture.git.remove("a"); return try await fixture.push(["l": String(repeating: "x", count: 101)])
        }()
        try fixture.git.remove("l")
        let many = try await fixture.push(Dictionary(uniqueKeysWithValues: (0..<21).map { ("f\($0)", "x") }))
        for (commit, reason) in [(deep, "lies too deep"), (large, "more than 100 bytes"), (many, "more than 20 files")]
        {
            let error = await #expect(throws: PlatformError.self) { try await fixture.checkOut(commit, "out") }
            #expect(error?.code == .buildFailed)
            #expect(error?.message.contains(reason) == true)
            #expect(!FileManager.default.fileExists(atPath: fixture.scratch.path("out")))
        }
    }

    @Test func aFolderThatExistsIsNotWrittenInto() async throws {
        let fixture = try await Fixture()
        let commit = try await fixture.push(["a": "a"])
        _ = try await fixture.checkOut(commit, "out")
        await #expect(throws: PlatformError.self) { try await fixture.checkOut(commit, "out") }
        #expect(fixture.text("out/a") == "a")
    }
}

extension GitCommand {
    fileprivate func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(path)") }
}
