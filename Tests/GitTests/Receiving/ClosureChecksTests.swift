import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct ClosureChecksTests {
    private static let somewhere = ObjectID("1234567890123456789012345678901234567890") ?? .zero

    @Test func whatIsReferredToMustBeThere() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let blob = try builder.add(.blob, "x")
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        let commit = try builder.add(.commit, PackBuilder.commit(tree))
        func expect(_ reason: String, _ kind: ObjectKind, _ content: [UInt8]) async throws {
            var more = builder
            try more.add(kind, content)
            try await fixture.expectRefused(more.pack(), because: reason)
        }
        let nowhere = Self.somewhere
        try await expect("blob \(nowhere) is missing", .tree, PackBuilder.tree([("100644", "a", nowhere)]))
        try await expect("blob \(nowhere) is missing", .tree, PackBuilder.tree([("120000", "a", nowhere)]))
        try await expect("tree \(nowhere) is missing", .tree, PackBuilder.tree([("40000", "a", nowhere)]))
        try await expect("tree \(nowhere) is missing", .commit, Array(PackBuilder.commit(nowhere).utf8))
        try await expect(
            "commit \(nowhere) is missing", .commit, Array(PackBuilder.commit(tree, parents: [nowhere]).utf8))
        let tag = "object \(nowhere)\ntype tag\ntag x\n\n"
        try await expect("tag \(nowhere) is missing", .tag, Array(tag.utf8))
        // A submodule's commit lies elsewhere.
        try builder.add(.tree, PackBuilder.tree([("160000", "a", nowhere)]))
        try await fixture.expectAccepted(builder.pack())
        // What is in the store need not come again.
        var second = PackBuilder()
        try second.add(.commit, PackBuilder.commit(tree, parents: [commit], message: "second"))
        try await fixture.expectAccepted(second.pack())
    }

    @Test(arguments: [false, true])
    func packsThatCameAfterTheOpeningAreFound(asBase: Bool) async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        try builder.add(.blob, "first")
        try await fixture.receive(builder.pack())
        let repository = try Repository(
            directory: fixture.directory, lock: fixture.lock())
        let isSomewhere = try repository.objects.contains(Self.somewhere)
        #expect(!isSomewhere)
        builder = PackBuilder()
        let blob = try builder.add(.blob, "second")
        try await fixture.receive(builder.pack())
        builder = PackBuilder()
        if asBase {
            try builder.add(PackBuilder.delta(base: 6, [.copy(0, 6), .insert([65])]), on: blob)
        } else {
            try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        }
        let pack = try repository.receive(.memory(builder.pack()), limits: ReceiveLimits()) { (_) throws(GitError) in
            true
        }
        try #require(pack).accept()
        try await fixture.git("fsck", "--strict", "--full")
    }

    @Test func whatIsReferredToMustBeOfTheRightKind() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let blob = try builder.add(.blob, "x")
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        let wrong: [(ObjectKind, [UInt8])] = [
            (.tree, PackBuilder.tree([("40000", "a", blob)])), (.tree, PackBuilder.tree([("100644", "a", tree)])),
            (.commit, Array(PackBuilder.commit(blob).utf8)),
            (.commit, Array(PackBuilder.commit(tree, parents: [tree]).utf8)),
            (.tag, Array("object \(tree)\ntype blob\ntag x\n\n".utf8)),
        ]
        for (kind, content) in wrong {
            var more = builder
            try more.add(kind, content)
            try await fixture.expectRefused(more.pack(), because: "wrongType")
        }
        try await fixture.expectAccepted(builder.pack())
        for (kind, content) in wrong where kind != .tree {
            var more = PackBuilder()
            try more.add(kind, content)
            try await fixture.expectRefused(more.pack(), because: "wrongType")
        }
    }

    @Test func objectsOfARefusedPushAreNotThereForTheNextOne() async throws {
        let fixture = try await ReceivingFixture()
        var first = PackBuilder()
        let blob = try first.add(.blob, "x")
        try first.add(.tree, PackBuilder.tree([("100644", ".git", blob)]))
        try await fixture.expectRefused(first.pack(), because: "hasDotgit")
        var second = PackBuilder()
        try second.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        try await fixture.expectRefused(second.pack(), because: "blob \(blob) is missing")
        // Nor those of one that nobody wanted.
        var third = PackBuilder()
        try third.add(.blob, "x")
        try await fixture.receive(third.pack(), keep: false)
        try await fixture.expectRefused(second.pack(), because: "blob \(blob) is missing")
    }

    @Test(arguments: [false, true])
    func anotherObjectOfTheSameNameIsACollision(isDelta: Bool) async throws {
        let fixture = try await ReceivingFixture()
        // No two such objects are known: plant one under the other's name.
        let content = Array("what the client has, long enough for a delta\n".utf8)
        let id = try PackBuilder.name(.blob, content)
        var builder = PackBuilder()
        if isDelta {
            try builder.add(.blob, content.dropLast())
            try builder.add(
                PackBuilder.delta(base: content.count - 1, [.copy(0, content.count - 1), .insert([10])]), onEntry: 0)
        } else {
            try builder.add(.blob, content)
        }
        let planted: [[UInt8]] = [
            Array("blob \(content.count)\0".utf8) + content.dropLast() + [65], Array("blob 3\0abc".utf8),
            Array("tree \(content.count)\0".utf8) + content,
        ]
        let folder = "\(fixture.directory)/objects/\(id.description.prefix(2))"
        let path = "\(folder)/\(id.description.dropFirst(2))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for object in planted {
            try Data(deflated(object)).write(to: URL(fileURLWithPath: path))
            try await fixture.expectRefused(builder.pack(), because: "blob \(id): collision")
        }
        let same = Array("blob \(content.count)\0".utf8) + content
        try Data(deflated(same)).write(to: URL(fileURLWithPath: path))
        try await fixture.expectAccepted(builder.pack())
        // The same pack again changes nothing.
        let before = try fixture.files()
        try await fixture.receive(builder.pack())
        #expect(try fixture.files() == before)
    }

    // MARK: Depth

    private static func nested(_ count: Int, name: String = "d") throws -> PackBuilder {
        var builder = PackBuilder()
        var id = try builder.add(.blob, "x")
        id = try builder.add(.tree, PackBuilder.tree([("100644", "f", id)]))
        for _ in 1..<count { id = try builder.add(.tree, PackBuilder.tree([("40000", name, id)])) }
        return builder
    }

    @Test func attack6FoldersHaveALimitOnTheirDepth() async throws {
        let fixture = try await ReceivingFixture()
        try await fixture.expectRefused(Self.nested(8000).pack(), because: "deepTree")
        var limits = ReceiveLimits()
        limits.treeDepth = 20
        try await fixture.expectRefused(Self.nested(21).pack(), because: "deepTree", limits: limits)
        try await fixture.expectAccepted(Self.nested(20).pack(), limits: limits)
        limits.treeDepth = 10_000
        limits.pathBytes = 100_000
        try await fixture.receive(Self.nested(8000).pack(), limits: limits)
    }

    @Test func attack6PathsHaveALimitOnTheirLength() async throws {
        let fixture = try await ReceivingFixture()
        let name = String(repeating: "n", count: 255)
        // Sixteen folders in one another make 16 × 256 - 1 bytes and the file 2 more.
        try await fixture.expectRefused(Self.nested(17, name: name).pack(), because: "largePathname")
        try await fixture.expectAccepted(Self.nested(16, name: name).pack())
    }

    @Test func manyTagsOnTagsAreTaken() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        var id = try builder.add(.blob, "x")
        var kind = "blob"
        for number in 0..<5000 {
            id = try builder.add(.tag, "object \(id)\ntype \(kind)\ntag t\(number)\n\n")
            kind = "tag"
        }
        #expect(try await fixture.receive(builder.pack(), find: id) == .tag)
    }
}
