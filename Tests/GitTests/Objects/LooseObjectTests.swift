import Foundation
import TestSupport
import Testing

@testable import Git

/// Objects in files of their own, whole and damaged.
@Suite struct LooseObjectTests {
    /// Puts bytes where the object of that name lies.
    private static func lay(_ bytes: [UInt8], as id: ObjectID, _ fixture: ReceivingFixture) throws {
        let path = LooseObject.path(of: id, in: "\(fixture.directory)/objects")
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static func expectDamaged(
        _ id: ObjectID, _ fixture: ReceivingFixture, _ comment: Comment, location: SourceLocation = #_sourceLocation
    ) async throws {
        let error = await #expect(throws: GitError.self, comment, sourceLocation: location) {
            try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                try repository.objects.read(id) { (_, _) throws(GitError) in }
            }
        }
        #expect(error?.isShowable == false, comment, sourceLocation: location)
        #expect(error?.message.contains("\(id)") == true, comment, sourceLocation: location)
    }

    @Test(arguments: [0, 1, 12, 13, 31, 32, 33, (1 << 20) - 1, 1 << 20, 2_500_000])
    func whatGitWroteIsRead(size: Int) async throws {
        let fixture = try await ReceivingFixture()
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let path = fixture.scratch.path("content")
        try Data(content).write(to: URL(fileURLWithPath: path))
        let id = try #require(ObjectID(try await fixture.git("hash-object", "-w", path)))
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            #expect(try repository.objects.contains(id))
            let header = try repository.objects.header(id)
            #expect(header?.kind == .blob && header?.size == size)
            try repository.objects.read(id, as: .blob) { (bytes) throws(GitError) in
                #expect(bytes.count == size && bytes.elementsEqual(content))
            }
        }
    }

    @Test func aFileThatIsCutOffAnywhereIsAnErrorAtOnce() async throws {
        let fixture = try await ReceivingFixture()
        var generator = SeededGenerator(seed: 4)
        let content = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let whole = try deflated(Array("blob 3000\0".utf8) + content)
        let id = try PackBuilder.name(.blob, content)
        for count in [0, 1, 2, 5, 11, 12, 40, 1500, whole.count - 5, whole.count - 1] {
            try Self.lay(Array(whole.prefix(count)), as: id, fixture)
            try await Self.expectDamaged(id, fixture, "\(count)")
        }
        try Self.lay(whole, as: id, fixture)
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.objects.read(id, as: .blob) { (bytes) throws(GitError) in
                #expect(bytes.elementsEqual(content))
            }
        }
    }

    @Test(arguments: [
        "blob 4\0hello", "blob 6\0hello", "blob 5hello", "blob -5\0hello", "blob +5\0hello", "blob \0hello",
        "blob 99999999999999999999\0hello", "blob 9223372036854775807\0hello", "leaf 5\0hello", "hello", "",
        "blob 00000000000000000000000000000000000005\0hello",
    ])
    func aHeadThatIsNotTrueIsAnError(text: String) async throws {
        let fixture = try await ReceivingFixture()
        let id = try PackBuilder.name(.blob, Array("hello".utf8))
        try Self.lay(try deflated(Array(text.utf8)), as: id, fixture)
        try await Self.expectDamaged(id, fixture, "\(text.debugDescription)")
    }
}
