import Foundation
import TestSupport
import Testing

@testable import Git

/// How deep folders lie and how long paths get, over more than one push.
@Suite struct TreeShapeTests {
    /// So many folders in one another, around the tree `inner` or a file.
    private static func nested(
        _ count: Int, around inner: ObjectID? = nil, name: String = "d"
    ) throws -> (pack: [UInt8], root: ObjectID) {
        var builder = PackBuilder()
        var root: ObjectID
        var left = count
        if let inner {
            root = inner
        } else {
            root = try builder.add(.tree, PackBuilder.tree([("100644", "f", builder.add(.blob, "x"))]))
            left -= 1
        }
        for _ in 0..<left { root = try builder.add(.tree, PackBuilder.tree([("40000", name, root)])) }
        return (builder.pack(), root)
    }

    @Test func attack6DepthIsCountedOverSeveralPushes() async throws {
        let fixture = try await ReceivingFixture()
        let first = try Self.nested(1000)
        try await fixture.receive(first.pack)
        let second = try Self.nested(1000, around: first.root)
        try await fixture.expectRefused(second.pack, because: "deepTree")
        // Exactly as deep as may be, and then one more.
        let third = try Self.nested(24, around: first.root)
        try await fixture.expectAccepted(third.pack)
        try await fixture.expectRefused(Self.nested(1, around: third.root).pack, because: "deepTree")
    }

    @Test func attack6DepthIsCountedByAServerThatWasStartedAnew() async throws {
        let fixture = try await ReceivingFixture()
        let first = try Self.nested(1000)
        try await fixture.receive(first.pack)
        let second = try Self.nested(1000, around: first.root)
        // Nothing is remembered of the first push.
        let repository = try Repository(directory: fixture.directory, lock: fixture.lock())
        let error = #expect(throws: GitError.self) {
            try repository.receive(.memory(second.pack), limits: ReceiveLimits()) { (_) throws(GitError) in true }
        }
        #expect(error?.message.contains("deepTree") == true)
    }

    @Test func attack6PathsAreCountedOverSeveralPushes() async throws {
        let fixture = try await ReceivingFixture()
        let name = String(repeating: "n", count: 255)
        // Fifteen folders below the root make 15 × 256 bytes, and the file one more.
        let first = try Self.nested(9, name: name)
        try await fixture.receive(first.pack)
        try await fixture.expectRefused(Self.nested(8, around: first.root, name: name).pack, because: "largePathname")
        try await fixture.expectAccepted(Self.nested(7, around: first.root, name: name).pack)
    }

    @Test func whatWasMeasuredIsRememberedAndNotReadAgain() async throws {
        let fixture = try await ReceivingFixture()
        let first = try Self.nested(50)
        try await fixture.receive(first.pack)
        #expect(fixture.store.extents.extent(of: first.root) == TreeExtent(depth: 50, path: 99))
        // A store that remembers nothing reads it; what is remembered is not looked at again.
        let repository = try Repository(directory: fixture.directory, lock: fixture.store.lock(of: fixture.app))
        let objects = ReceivedObjects(count: 0, packBytes: 0, limits: ReceiveLimits(), bounds: nil)
        let forgetful = try Repository(directory: fixture.directory, lock: fixture.lock())
        var trees = StoredTrees(objects)
        let missing = ObjectID("1234567890123456789012345678901234567890") ?? .zero
        let nothing = try trees.extent(of: missing, forgetful.objects)
        #expect(nothing == TreeExtent(depth: 1, path: 0))
        #expect(!trees.isWhole)
        let measured = try trees.extent(of: first.root, forgetful.objects)
        #expect(measured == TreeExtent(depth: 50, path: 99))
        repository.objects.extents.keep(TreeExtent(depth: 7, path: 7), of: missing)
        var others = StoredTrees(objects)
        let known = try others.extent(of: missing, repository.objects)
        #expect(known == TreeExtent(depth: 7, path: 7))
    }

    @Test func whatIsRememberedIsBounded() {
        let cache = TreeExtentCache(limit: 100)
        func name(_ number: Int) -> ObjectID {
            ObjectID(String(repeating: "0", count: 32) + String(10_000_000 + number)) ?? .zero
        }
        for number in 0..<1000 { cache.keep(TreeExtent(depth: number, path: 1), of: name(number)) }
        #expect((0..<1000).count { cache.extent(of: name($0)) != nil } <= 100)
        #expect(cache.extent(of: name(999)) == TreeExtent(depth: 999, path: 1))
    }
}
