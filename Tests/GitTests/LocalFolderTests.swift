import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct LocalFolderTests {
    private let other = ID<App>()

    private func files(_ fixture: Fixture, _ commit: CommitID) async throws -> [String: String] {
        let directory = fixture.scratch.path("laid-out")
        _ = try await fixture.store.checkOut(
            CheckoutRequest(
                app: other, commit: commit, directory: directory, previous: nil, account: nil,
                allowance: Fixture.anything))
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\(path)") {
                files[path] = "-> \(target)"
            } else if let text = try? String(contentsOfFile: "\(directory)/\(path)", encoding: .utf8) {
                files[path] = text + (FileManager.default.isExecutableFile(atPath: "\(directory)/\(path)") ? " x" : "")
            }
        }
        return files
    }

    @Test(arguments: [false, true])
    func aWorkingTreeComesToItsHeadCommit(_ isPacked: Bool) async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "old"])
        let head = try await fixture.push(["a": "new", "d/b": "deep"], branch: "topic")
        if isPacked { try await fixture.git("gc", "-q") }
        try fixture.write("a", Data("not committed".utf8))
        try fixture.write("c", Data("not added".utf8))
        let taken = try await fixture.store.create(other, from: fixture.git.folder)
        #expect(taken == .init(commit: head, isHead: true))
        #expect(try await files(fixture, head) == ["a": "new", "d/b": "deep"])
        #expect(try await fixture.store.entries(of: "", commit: head, app: other) == ["a", "d/"])
    }

    @Test func aLinkedWorkingTreeHasItsOwnHead() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.push(["a": "first"])
        try await fixture.git("worktree", "add", "-q", "--detach", fixture.scratch.path("linked"))
        let second = try await fixture.push(["a": "second"])
        #expect(first != second)
        let taken = try await fixture.store.create(other, from: fixture.scratch.path("linked"))
        #expect(taken == .init(commit: first, isHead: true))
        #expect(try await files(fixture, first) == ["a": "first"])
    }

    @Test func aFolderWithoutGitComesToAllItsFiles() async throws {
        let fixture = try await Fixture()
        let folder = fixture.scratch.path("plain")
        for (path, text) in ["a": "a", "d/e/b": "deep", "run": "#!", ".hidden": "h", "nested/.git/config": "c"] {
            let url = URL(fileURLWithPath: "\(folder)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/run")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "d/e/b")
        try FileManager.default.createDirectory(atPath: "\(folder)/empty", withIntermediateDirectories: false)
        let taken = try await fixture.store.create(other, from: folder)
        #expect(!taken.isHead)
        #expect(
            try await files(fixture, taken.commit) == [
                "a": "a", "d/e/b": "deep", "run": "#! x", ".hidden": "h", "link": "-> d/e/b",
            ])
        try await GitCommand(folder: fixture.store.directory(of: other))("fsck", "--strict")
        let third = ID<App>()
        #expect(try await fixture.store.create(third, from: folder).commit == taken.commit)
    }

    @Test func whatHasNoCommitIsToldSo() async throws {
        let fixture = try await Fixture()
        let unborn = await #expect(throws: PlatformError.self) {
            try await fixture.store.create(other, from: fixture.git.folder)
        }
        #expect(unborn?.message == "\(fixture.git.folder) cannot be used as a repository: it has no commit yet")
        #expect(await !fixture.store.exists(other))
        let empty = fixture.scratch.path("empty")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
        let nothing = await #expect(throws: PlatformError.self) {
            try await fixture.store.create(ID(), from: empty)
        }
        #expect(nothing?.message == "\(empty) cannot be used as a repository: it has no files")
        let missing = await #expect(throws: PlatformError.self) {
            try await fixture.store.create(ID(), from: "\(empty)/nowhere")
        }
        #expect(missing?.message == "there is no folder \(empty)/nowhere")
    }
}
