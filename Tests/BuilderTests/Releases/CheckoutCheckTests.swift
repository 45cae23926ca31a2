import Core
import Foundation
import Testing

@testable import Builder

struct CheckoutCheckTests {
    private static let pointer = StubRepository.Entry.text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize 12345\n")
    private static let attributes = StubRepository.Entry.text("*.bin filter=lfs diff=lfs merge=lfs -text\n")

    private func failure(_ fixture: BuildFixture, _ tree: StubRepository.Tree) async throws -> PlatformError? {
        do {
            _ = try await fixture.build(tree.merging(["index.html": .text("hello"), "install.sh": .text("")]) { $1 })
            return nil
        } catch let error as PlatformError {
            return error
        }
    }

    @Test(
        arguments: [
            (["a.bin": pointer, ".gitattributes": attributes], "a.bin"),
            (["media/deep/a.bin": pointer, ".gitattributes": attributes], "media/deep/a.bin"),
            (["media/a.bin": pointer, "media/.gitattributes": attributes], "media/a.bin"),
            (["a\nb.bin": pointer, ".gitattributes": attributes], "a\\nb.bin"),
        ] as [(StubRepository.Tree, String)])
    func aPointerOfGitLFSFailsTheBuildBeforeAnyStepAndIsNamed(_ tree: StubRepository.Tree, _ path: String) async throws
    {
        let fixture = try BuildFixture()
        let error = try await failure(fixture, tree)
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("\(path) is a Git LFS pointer, not the file itself") == true)
        #expect(error?.message.contains("Git LFS is not supported") == true)
        #expect(fixture.runner.tasks.isEmpty)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test(
        arguments: [
            // Nothing is given to Git LFS here: a text about its format.
            ["a.bin": pointer], ["a.bin": pointer, "other/.gitattributes": attributes],
            // The files themselves were committed.
            ["a.bin": .text("content"), ".gitattributes": attributes],
            ["a.bin": .text(""), ".gitattributes": attributes],
            ["a.bin": .symlink("index.html"), ".gitattributes": attributes],
            ["a.bin": pointer, ".gitattributes": .symlink("index.html")],
        ] as [StubRepository.Tree])
    func whatIsNoPointerIsBuilt(_ tree: StubRepository.Tree) async throws {
        let fixture = try BuildFixture()
        #expect(try await failure(fixture, tree) == nil)
        #expect(fixture.runner.tasks.count == 1)
    }

    @Test(
        arguments: [
            ("passwd", "/etc/passwd"), ("a/b/up", "../../../x"), ("a/etc", "/etc"), ("host", "../../../../../etc"),
            ("a/far", "../real/../../x"),
        ])
    func attack9ALinkOutOfTheRepositoryFailsTheBuildBeforeAnyStepAndIsNamed(
        _ path: String, _ target: String
    ) async throws {
        let fixture = try BuildFixture()
        let error = try await failure(fixture, [path: .symlink(target), "real/a.txt": .text("a")])
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("\(path) is a symbolic link that leads out of the repository; ") == true)
        #expect(fixture.runner.tasks.isEmpty && fixture.leftovers().isEmpty)
    }

    @Test func linksThatStayInsideOrLeadNowhereAreKept() async throws {
        let fixture = try BuildFixture()
        let tree: StubRepository.Tree = [
            "a/one": .symlink("../real"), "a/two": .symlink("one/a.txt"), "nowhere": .symlink("missing"),
            "circle": .symlink("circle"), "real/a.txt": .text("a"),
        ]
        #expect(try await failure(fixture, tree) == nil)
        let release = try #require(fixture.leftovers().first)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(
                atPath: "\(fixture.releases)/\(release)/files/a/two") == "one/a.txt")
    }

    @Test(
        arguments: [
            (["vendor/lib": .submodule], "vendor/lib"),
            (["lib": .submodule, ".gitmodules": .text("[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n")], "lib"),
        ] as [(StubRepository.Tree, String)])
    func aSubmoduleFailsTheBuildWithItsPathAndWhatToDo(_ tree: StubRepository.Tree, _ path: String) async throws {
        let fixture = try BuildFixture()
        let error = try await failure(fixture, tree)
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("\(path) is a git submodule that .gitmodules gives no address") == true)
        #expect(error?.message.contains("git rm --cached \(path)") == true)
        #expect(fixture.runner.tasks.isEmpty)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func aFileOfModulesWithoutAnySubmoduleIsBuilt() async throws {
        #expect(try await failure(BuildFixture(), [".gitmodules": .text("")]) == nil)
    }
}
