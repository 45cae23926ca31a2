import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct TreeComparisonTests {
    @Test func whatACommitHasIsListedWithoutAnEarlierOne() async throws {
        let fixture = try await Fixture()
        let commit = try await fixture.push(["a": "a", "d/e/f": "f"])
        let changes = try await fixture.store.changes(from: nil, to: commit, app: fixture.app)
        #expect(!changes.isRelative)
        #expect(try Self.texts(changes) == ["a": .file(Self.blob("a")), "d/e/f": .file(Self.blob("f"))])
    }

    @Test func onlyWhatIsNotTheSameIsListed() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.push([
            "same": "s", "d/same": "s", "d/changed": "1", "gone/x/y": "y", "file": "f", "folder/a": "a",
        ])
        let folder = fixture.git.folder
        for name in ["gone", "file", "folder"] { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "same")
        let second = try await fixture.push(["d/changed": "2", "file/now": "n", "folder": "f"])
        let changes = try await fixture.store.changes(from: first, to: second, app: fixture.app)
        #expect(changes.isRelative)
        #expect(
            try Self.texts(changes) == [
                "d/changed": .file(Self.blob("2")), "gone/x/y": nil, "file": nil, "file/now": .file(Self.blob("n")),
                "folder/a": nil, "folder": .file(Self.blob("f")), "link": .symlink,
            ])
        #expect(try await fixture.store.changes(from: second, to: second, app: fixture.app).changes.isEmpty)
    }

    @Test func anEarlierCommitThatIsGoneIsDoneWithout() async throws {
        let fixture = try await Fixture()
        let commit = try await fixture.push(["a": "a"])
        let unknown = try #require(CommitID(String(repeating: "a", count: 40)))
        let changes = try await fixture.store.changes(from: unknown, to: commit, app: fixture.app)
        #expect(!changes.isRelative)
        #expect(changes.changes.count == 1)
    }

    @Test func blobsAreWrittenUnderTheirNames() async throws {
        let fixture = try await Fixture()
        let large = String(repeating: "0123456789", count: 200_000)
        _ = try await fixture.push(["a": "a", "large": large])
        let blobs = try [Self.blob("a"), Self.blob(large)]
        try await fixture.store.write(
            Set(blobs), to: fixture.scratch.path("blobs"), app: fixture.app, within: Fixture.anything)
        #expect(fixture.text("blobs/\(blobs[0])") == "a")
        #expect(fixture.text("blobs/\(blobs[1])") == large)
    }

    @Test func nothingIsLeftWhenABlobIsNotThere() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "a"])
        let unknown = try #require(BlobID(String(repeating: "a", count: 40)))
        let folder = fixture.scratch.path("blobs")
        await #expect(throws: PlatformError.self) {
            try await fixture.store.write(
                [Self.blob("a"), unknown], to: folder, app: fixture.app, within: Fixture.anything)
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    private static func texts(_ changes: TreeChanges) throws -> [String: TreeChange.Entry?] {
        let pairs = changes.changes.map { (String(decoding: $0.path, as: UTF8.self), $0.entry) }
        return Dictionary(pairs) { first, _ in first }
    }

    private static func blob(_ text: String) throws -> BlobID {
        var hash = PlainSHA1()
        hash.update(Array("blob \(text.utf8.count)\u{0}\(text)".utf8))
        return try #require(BlobID(hash.finish().description))
    }
}
