import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// Packs that were put into others are not asked for objects, and no object is ever lost by that.
@Suite struct SupersededPacksTests {
    /// A repository with some packs of one object each, put together into one.
    private struct Consolidated {
        let fixture: ReceivingFixture
        let ids: [ObjectID]
        /// Names of the packs that were put together.
        let old: [String]
        /// Name of the pack that they were put into.
        let new: String

        var folder: String { "\(fixture.directory)/objects/pack" }
        var list: String { "\(fixture.directory)/\(SupersededPacks.path)" }

        init(_ count: Int = 3) async throws {
            let fixture = try await ReceivingFixture()
            let ids = try await SupersededPacksTests.receive(0..<count, fixture)
            let old = SupersededPacksTests.asked(fixture)
            #expect(old.count == count)
            #expect(try await SupersededPacksTests.maintain(fixture, .usual).consolidatedPacks == count)
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(fixture.directory)/objects/pack")
            let names = files.filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }
            let new = try #require(names.first { !old.contains($0) })
            (self.fixture, self.ids, self.old, self.new) = (fixture, ids, old, new)
        }

        func unlinkFiles(of name: String) {
            for suffix in [".idx", ".pack"] { #expect(unlink("\(folder)/\(name)\(suffix)") == 0) }
        }

        func write(list lines: [String]) throws {
            try FileManager.default.removeItem(atPath: list)
            try Data(lines.map { "\($0)\n" }.joined().utf8).write(to: URL(fileURLWithPath: list))
        }

        /// By the store, which has looked before, and by one that has just started.
        func expectAll(_ sourceLocation: SourceLocation = #_sourceLocation) {
            for cache in [fixture.store.packs, PackCache(limit: 100)] {
                #expect(SupersededPacksTests.holds(ids, cache.packs(in: folder)), sourceLocation: sourceLocation)
            }
        }
    }

    /// Receives a pack of one small file for each number and returns the files' names.
    private static func receive(_ numbers: Range<Int>, _ fixture: ReceivingFixture) async throws -> [ObjectID] {
        var ids: [ObjectID] = []
        for number in numbers {
            var builder = PackBuilder()
            ids.append(try builder.add(.blob, "file \(number)\n"))
            try await fixture.receive(builder.pack())
        }
        return ids
    }

    private static func maintain(
        _ fixture: ReceivingFixture, _ depth: MaintenanceDepth, after: Int = 0
    ) async throws -> MaintenanceReport {
        var few = MaintenancePolicy()
        few.packs = 1
        let policy = few
        return try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.maintain(depth, policy: policy, now: time(nil) + after)
        }
    }

    /// Whether each of the objects is in one of the packs.
    private static func holds(_ ids: [ObjectID], _ packs: PackSet) -> Bool {
        var packs = packs
        return ids.allSatisfy { packs.find($0) != nil }
    }

    /// The names of the packs that are asked.
    private static func asked(_ fixture: ReceivingFixture) -> [String] {
        fixture.store.packs.packs(in: "\(fixture.directory)/objects/pack").packs.map(\.name)
    }

    @Test func `a pack whose objects are all in another one is not asked while it is still there`() async throws {
        let made = try await Consolidated()
        #expect(Self.asked(made.fixture) == [made.new])
        for name in made.old { #expect(FileManager.default.fileExists(atPath: "\(made.folder)/\(name).pack")) }
        made.expectAll()
        try await made.fixture.store.withRepository(made.fixture.app) { (repository) throws(GitError) in
            for id in made.ids { #expect(try repository.objects.header(id)?.size == 7) }
        }
    }

    @Test func `when the pack that holds all is gone, those that it was made of are asked again`() async throws {
        let made = try await Consolidated()
        made.expectAll()
        made.unlinkFiles(of: made.new)
        #expect(Self.asked(made.fixture) == made.old)
        made.expectAll()
    }

    @Test func `a pack that cannot be opened stands for no other one`() async throws {
        let made = try await Consolidated()
        #expect(unlink("\(made.folder)/\(made.new).pack") == 0)
        let packs = PackCache(limit: 100).packs(in: made.folder)
        #expect(packs.packs.map(\.name) == made.old)
        #expect(!packs.isComplete)
    }

    @Test func `when a pack that was put into another one is removed, nothing changes`() async throws {
        let made = try await Consolidated()
        for name in made.old {
            made.unlinkFiles(of: name)
            #expect(Self.asked(made.fixture) == [made.new])
            made.expectAll()
        }
    }

    @Test func `a pack that comes between two looks is asked beside the one that holds all others`() async throws {
        let made = try await Consolidated()
        let added = try await Self.receive(10..<11, made.fixture)
        #expect(Self.asked(made.fixture).count == 2)
        #expect(Self.holds(made.ids + added, made.fixture.store.packs.packs(in: made.folder)))
    }

    @Test func `what was put together is put together once more, and only the last pack is asked`() async throws {
        let made = try await Consolidated()
        let added = try await Self.receive(10..<13, made.fixture)
        #expect(try await Self.maintain(made.fixture, .usual).consolidatedPacks == 4)
        let last = try #require(Self.asked(made.fixture).first)
        #expect(Self.asked(made.fixture) == [last])
        #expect(!made.old.contains(last) && last != made.new)
        #expect(Self.holds(made.ids + added, made.fixture.store.packs.packs(in: made.folder)))
        // All go at their time, the one in the middle with them.
        #expect(try await Self.maintain(made.fixture, .usual, after: 90).removedPacks == 7)
        #expect(Self.asked(made.fixture) == [last])
    }

    @Test func `the list lost, as when the server died before it was written, costs no object`() async throws {
        let made = try await Consolidated()
        #expect(unlink(made.list) == 0)
        #expect(Self.asked(made.fixture) == (made.old + [made.new]).sorted())
        made.expectAll()
    }

    @Test func `no list hides the objects of packs that are there`() async throws {
        let made = try await Consolidated()
        let (old, new) = (made.old, made.new)
        let all = old + [new]
        let lists: [[String]] = [
            // In a circle, alone and with all others.
            ["\(old[0]) 0 \(old[0])"],
            ["\(old[0]) 0 \(new)", "\(new) 0 \(old[0])"],
            all.indices.map { "\(all[$0]) 0 \(all[($0 + 1) % all.count])" },
            // To what is not there.
            old.map { "\($0) 0 pack-\(ObjectID.zero)" },
            ["\(new) 0 pack-\(ObjectID.zero)"] + old.map { "\($0) 0 \(new)" },
            // As it was written before it named successors, and what nobody writes.
            old.map { "\($0) 0" },
            ["", " ", "pack-", "\(old[0])", "\(old[0]) x \(new)", "\(old[0]) 0 \(new) \(new)"],
        ]
        for list in lists {
            try made.write(list: list)
            made.expectAll()
        }
    }

    @Test func `a pack whose name says nothing of its content is always asked`() async throws {
        let made = try await Consolidated()
        var list = try SupersededPacks(in: "\(made.fixture.directory)/objects")
        try list.add([("pack-by-hand", made.new)], at: 0)
        // Somebody else's file of the same name has come since.
        var builder = PackBuilder()
        let id = try builder.add(.blob, "by hand\n")
        let path = made.fixture.scratch.path("pack-by-hand")
        try Data(builder.pack()).write(to: URL(fileURLWithPath: "\(path).pack"))
        try await made.fixture.git("index-pack", "\(path).pack")
        for suffix in [".pack", ".idx"] { #expect(rename(path + suffix, "\(made.folder)/pack-by-hand\(suffix)") == 0) }
        #expect(Self.holds([id], made.fixture.store.packs.packs(in: made.folder)))
    }

    @Test func `a pack with something that was dropped is asked until it goes`() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let file = try builder.add(.blob, "kept\n")
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", file)]))
        let commit = try builder.add(.commit, PackBuilder.commit(tree))
        let lost = try builder.add(.blob, "lost\n")
        try await fixture.receive(builder.pack())
        let moved = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.update([ReferenceUpdate(name: "refs/heads/master", old: .zero, new: commit)])
        }
        #expect(moved == [nil])
        let later = MaintenancePolicy().unreachableGrace + 1000
        #expect(try await Self.maintain(fixture, .full, after: later).droppedObjects == 1)
        let folder = "\(fixture.directory)/objects/pack"
        var packs = fixture.store.packs.packs(in: folder)
        #expect(packs.packs.count == 2)
        #expect(Self.holds([lost], packs))
        #expect(try await Self.maintain(fixture, .usual, after: later + 90).removedPacks == 1)
        packs = fixture.store.packs.packs(in: folder)
        #expect(!Self.holds([lost], packs))
        #expect(Self.holds([file, tree, commit], packs))
    }

    @Test func `packs that wait to be removed ask for no maintenance`() async throws {
        let fixture = try await ReceivingFixture()
        let limit = fixture.store.configuration.maintenance.packs
        _ = try await Self.receive(0..<limit + 1, fixture)
        #expect(await fixture.store.hasManyPacks(fixture.app))
        #expect(try await fixture.store.maintain(fixture.app, .usual).consolidatedPacks == limit + 1)
        #expect(await !fixture.store.hasManyPacks(fixture.app))
        _ = try await Self.receive(100..<100 + limit, fixture)
        #expect(await fixture.store.hasManyPacks(fixture.app))
    }
}
