import Testing

@testable import Git

@Suite struct PackClosureCacheTests {
    @Test func `what is known of a pack is dropped with that pack, and not with others`() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let file = try builder.add(.blob, "file\n")
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", file)]))
        let commit = try builder.add(.commit, PackBuilder.commit(tree))
        try await fixture.receive(builder.pack())
        let objects = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.makePack(PackRequest(wants: [commit], usesOffsetDeltas: true)).objects
        }
        #expect(objects == 3)
        let closures = fixture.store.closures
        let known = try #require(closures.closure(of: fixture.directory))
        closures.forget(fixture.directory, packs: ["pack-\(ObjectID.zero)"])
        #expect(closures.closure(of: fixture.directory) != nil)
        closures.forget(fixture.directory, packs: [known.pack.name])
        #expect(closures.closure(of: fixture.directory) == nil)
    }
}
