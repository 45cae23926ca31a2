import Foundation
import TestSupport
import Testing

@testable import Git

/// Which packs of a folder are asked for objects, and how often it is looked through.
@Suite struct PackCacheTests {
    private static func folder(_ fixture: ReceivingFixture) -> String { "\(fixture.directory)/objects/pack" }

    /// Receives a pack of one small file and returns the file's name.
    private static func receive(_ text: String, _ fixture: ReceivingFixture) async throws -> ObjectID {
        var builder = PackBuilder()
        let id = try builder.add(.blob, text)
        try await fixture.receive(builder.pack())
        return id
    }

    private static func holds(_ id: ObjectID, _ cache: PackCache, _ folder: String) -> Bool {
        var packs = cache.packs(in: folder)
        return packs.find(id) != nil
    }

    /// Looks until the folder's reading is kept: it is not while the folder is too young.
    private static func settle(_ cache: PackCache, _ folder: String) async throws {
        try await expectEventually("the reading is kept") {
            _ = cache.packs(in: folder)
            let before = cache.readings
            _ = cache.packs(in: folder)
            return cache.readings == before
        }
    }

    @Test func `a folder is read again when it has changed, and only then`() async throws {
        let fixture = try await ReceivingFixture()
        let folder = Self.folder(fixture)
        let cache = PackCache(limit: 100)
        let first = try await Self.receive("first\n", fixture)
        try await Self.settle(cache, folder)
        let readings = cache.readings
        for _ in 0..<10 { #expect(Self.holds(first, cache, folder)) }
        #expect(cache.readings == readings)

        let second = try await Self.receive("second\n", fixture)
        #expect(Self.holds(second, cache, folder))
        try await Self.settle(cache, folder)
        let name = try #require(cache.packs(in: folder).packs.first { $0.index.position(of: first) != nil }).name
        for suffix in [".idx", ".pack"] { #expect(unlink("\(folder)/\(name)\(suffix)") == 0) }
        #expect(!Self.holds(first, cache, folder))
        #expect(Self.holds(second, cache, folder))
    }

    @Test func `packs that come in one tick of the clock are each seen by the next look`() async throws {
        let fixture = try await ReceivingFixture()
        let folder = Self.folder(fixture)
        var ids: [ObjectID] = []
        for number in 0..<60 { ids.append(try await Self.receive("\(number)\n", fixture)) }
        let packs = PackCache(limit: 100).packs(in: folder).packs
        let away = fixture.scratch.path("away")
        #expect(rename(folder, away) == 0)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let cache = PackCache(limit: 100)
        for pack in packs {
            for suffix in [".pack", ".idx"] {
                #expect(rename("\(away)/\(pack.name)\(suffix)", "\(folder)/\(pack.name)\(suffix)") == 0)
            }
            #expect(Self.holds(pack.index.id(at: 0), cache, folder))
        }
        for id in ids { #expect(Self.holds(id, cache, folder)) }
    }

    @Test func `packs that come to a folder behind a link are seen`() async throws {
        let fixture = try await ReceivingFixture()
        let link = fixture.scratch.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Self.folder(fixture))
        let cache = PackCache(limit: 100)
        _ = try await Self.receive("first\n", fixture)
        try await Self.settle(cache, link)
        let second = try await Self.receive("second\n", fixture)
        #expect(Self.holds(second, cache, link))
    }

    @Test func `a reading in which a pack could not be opened is not kept`() async throws {
        let fixture = try await ReceivingFixture()
        let folder = Self.folder(fixture)
        let id = try await Self.receive("first\n", fixture)
        let name = try #require(PackCache(limit: 10).packs(in: folder).packs.first).name
        let bytes = try #require(FileManager.default.contents(atPath: "\(folder)/\(name).pack"))
        #expect(chmod("\(folder)/\(name).pack", 0o600) == 0)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder)/\(name).pack"))
        try file.truncate(atOffset: 0)
        try await expectEventually("the folder is old enough") {
            FileStamp("\(folder)/.").isSettled(at: FileStamp.now())
        }
        let cache = PackCache(limit: 10)
        #expect(!cache.packs(in: folder).isComplete)
        // Into the file itself, which the folder does not show.
        try file.seek(toOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
        #expect(Self.holds(id, cache, folder))
        #expect(cache.packs(in: folder).isComplete)
    }

    @Test func `the packs that were used least lately are closed when there are too many`() async throws {
        let cache = PackCache(limit: 3)
        var folders: [String] = []
        var fixtures: [ReceivingFixture] = []
        for number in 0..<4 {
            let fixture = try await ReceivingFixture()
            _ = try await Self.receive("\(number)\n", fixture)
            fixtures.append(fixture)
            folders.append(Self.folder(fixture))
            try await Self.settle(cache, folders[number])
            if number > 0 { _ = cache.packs(in: folders[0]) }
        }
        let readings = cache.readings
        _ = cache.packs(in: folders[0])
        _ = cache.packs(in: folders[3])
        #expect(cache.readings == readings)
        _ = cache.packs(in: folders[1])
        #expect(cache.readings == readings + 1)
        withExtendedLifetime(fixtures) {}
    }
}
