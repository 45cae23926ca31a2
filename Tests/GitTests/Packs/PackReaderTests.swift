import Foundation
import TestSupport
import Testing

@testable import Git

/// Objects as they are read out of packs, whoever made those.
@Suite struct PackReaderTests {
    /// How a repository came to its packs.
    enum Packing: String, CaseIterable, Sendable {
        case looseAndOverlapping, offsetDeltas, referenceDeltas

        func apply(to fixture: Fixture) async throws {
            switch self {
            case .looseAndOverlapping: break
            case .offsetDeltas: try await fixture.stored("repack", "-adfq", "--depth=50", "--window=50")
            case .referenceDeltas:
                try await fixture.stored("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=50")
            }
        }
    }

    @Test(arguments: Packing.allCases)
    func everyObjectIsWhatItsNameSays(packing: Packing) async throws {
        let fixture = try await RandomHistory(seed: 31, commits: 40).fixture
        try await packing.apply(to: fixture)
        let ids = try await Self.ids(of: fixture)
        #expect(ids.count > 100)
        let nowhere = try PackBuilder.name(.blob, Array("nowhere".utf8))
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            for id in ids {
                let header = try repository.objects.header(id)
                try repository.objects.read(id) { (kind, bytes) throws(GitError) in
                    #expect(header?.kind == kind)
                    #expect(header?.size == bytes.count)
                    #expect(try ObjectHasher.hash(bytes, kind) == id)
                }
                #expect(try repository.objects.contains(id))
            }
            #expect(try !repository.objects.contains(nowhere))
            #expect(try repository.objects.header(nowhere) == nil)
            #expect(throws: GitError.self) { try repository.objects.read(nowhere) { (_, _) throws(GitError) in } }
        }
    }

    @Test func packsThatComeLaterAreSeenAfterARefresh() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let id = try builder.add(.blob, "later\n")
        let path = fixture.scratch.path("pack-later")
        try Data(builder.pack()).write(to: URL(fileURLWithPath: "\(path).pack"))
        try await fixture.git("index-pack", "\(path).pack")
        let directory = fixture.directory
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            #expect(try !repository.objects.contains(id))
            for suffix in ["pack", "idx"] {
                #expect(rename("\(path).\(suffix)", "\(directory)/objects/pack/pack-later.\(suffix)") == 0)
            }
            #expect(try !repository.objects.contains(id))
            repository.objects.refresh()
            #expect(try repository.objects.contains(id))
            #expect(try repository.objects.header(id)?.size == 6)
        }
    }

    @Test func alternatesOfAnotherGitAreRead() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": "1"])
        try fixture.write("b", Data("elsewhere".utf8))
        let text = try await fixture.git("hash-object", "-w", "b")
        let id = try #require(ObjectID(hex: Array(text.utf8)))
        try Data("\(fixture.git.folder)/.git/objects\n".utf8).write(
            to: URL(fileURLWithPath: "\(fixture.directory)/objects/info/alternates"))
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            #expect(try repository.objects.contains(id))
            try repository.objects.read(id, as: .blob) { (bytes) throws(GitError) in
                #expect(String(decoding: bytes, as: UTF8.self) == "elsewhere")
            }
        }
    }

    @Test func aDamagedPackIsAnErrorAndNothingWorse() async throws {
        let fixture = try await RandomHistory(seed: 32, commits: 12).fixture
        try await fixture.stored("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=50")
        let ids = try await Self.ids(of: fixture)
        let folder = "\(fixture.directory)/objects/pack"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let name = try #require(files.first { $0.hasSuffix(".pack") }).dropLast(5)
        var random = SeededGenerator(seed: 2)
        var (failed, read) = (0, 0)
        for round in 0..<300 {
            let damaged = fixture.scratch.path("damaged-\(round)")
            try FileManager.default.createDirectory(atPath: damaged, withIntermediateDirectories: false)
            for suffix in [".pack", ".idx"] {
                var bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(name)\(suffix)")))
                if (round % 3 == 0) == (suffix == ".idx") {
                    for _ in 0..<Int.random(in: 1...8, using: &random) {
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                    }
                }
                try Data(bytes).write(to: URL(fileURLWithPath: "\(damaged)/\(name)\(suffix)"))
            }
            let reader = try PackReader(folder: damaged, cache: PackCache(limit: 0))
            for id in ids {
                do {
                    _ = try reader.header(of: id)
                    _ = try reader.read(id)
                    read += 1
                } catch { failed += 1 }
            }
        }
        #expect(failed > 100 && read > failed)
    }

    @Test func aDeltaThatIsItsOwnBaseIsAnError() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let base = try builder.add(.blob, "hello hello hello\n")
        try builder.add(PackBuilder.delta(base: 18, [.copy(0, 12), .insert(Array("you\n".utf8))]), on: base)
        let id = try PackBuilder.name(.blob, Array("hello hello you\n".utf8))
        let path = fixture.scratch.path("pack-circle")
        try Data(builder.pack()).write(to: URL(fileURLWithPath: "\(path).pack"))
        try await fixture.git("index-pack", "\(path).pack")
        let reader = try PackReader(folder: fixture.scratch.path, cache: PackCache(limit: 0))
        #expect(try reader.read(id)?.bytes.count == 16)
        #expect(try reader.header(of: id)?.size == 16)

        var bytes = builder.pack()
        let place = try #require(bytes.firstRange(of: Self.bytes(of: base)))
        bytes.replaceSubrange(place, with: Self.bytes(of: id))
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path).pack"))
        let other = try PackReader(folder: fixture.scratch.path, cache: PackCache(limit: 0))
        #expect(throws: GitError.self) { try other.read(id) }
        #expect(throws: GitError.self) { try other.header(of: id) }
    }

    /// What lies in a pack may be anything, once a disk has failed: also numbers that no sum would hold.
    @Test(arguments: [1 << 40, Int.max]) func aSizeThatCannotBeIsAnError(size: Int) async throws {
        let fixture = try await ReceivingFixture()
        let content = [UInt8](repeating: 7, count: 2 << 20)
        var builder = PackBuilder()
        let id = try builder.add(.blob, content)
        let path = fixture.scratch.path("pack-large")
        try Data(builder.pack()).write(to: URL(fileURLWithPath: "\(path).pack"))
        try await fixture.git("index-pack", "\(path).pack")
        var other = PackBuilder()
        try other.add(header: PackEntryHeader.encode(.object(.blob), size: size), content)
        try Data(other.pack()).write(to: URL(fileURLWithPath: "\(path).pack"))
        let cache = PackCache(limit: 0)
        let reader = try PackReader(folder: fixture.scratch.path, cache: cache)
        #expect(throws: OpenPack.damaged) { try reader.header(of: id) }
        #expect(throws: OpenPack.damaged) { try reader.read(id) }
        var blobs = try BlobStream(cache.packs(in: fixture.scratch.path))
        do throws(GitError) {
            _ = try blobs.read(id) { (size) throws(GitError) in
                Issue.record("begun with \(size) bytes")
            } _: { (_) throws(GitError) in
            }
            Issue.record("it was read")
        } catch { #expect(error == OpenPack.damaged) }
    }

    private static func bytes(of id: ObjectID) -> [UInt8] {
        var bytes: [UInt8] = []
        id.appendBytes(to: &bytes)
        return bytes
    }

    private static func ids(of fixture: Fixture) async throws -> [ObjectID] {
        try await fixture.stored("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            .split(separator: "\n").compactMap { ObjectID(hex: Array($0.utf8)) }
    }
}
