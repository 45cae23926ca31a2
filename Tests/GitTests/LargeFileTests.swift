import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// Files that are too large to be in memory as a whole.
@Suite struct LargeFileTests {
    /// Bytes that differ from place to place and are made quickly.
    private static func content(_ count: Int) -> Data {
        var data = Data(capacity: count)
        var number: UInt64 = 88_172_645_463_325_252
        while data.count < count {
            number ^= number << 13
            number ^= number >> 7
            number ^= number << 17
            withUnsafeBytes(of: number) { data.append(contentsOf: $0) }
            data.append(contentsOf: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 4088))
        }
        return data.prefix(count)
    }

    @Test func aLargeFileIsCheckedOutAsItIs() async throws {
        let fixture = try await Fixture()
        let content = Self.content(64 << 20)
        try fixture.write("large", content)
        try fixture.write("medium", content.prefix(BlobStream.leastBytes))
        try fixture.write("d/small", content.prefix(BlobStream.leastBytes - 1))
        let commit = try await fixture.pushAll()
        for (name, isPacked) in [("loose", false), ("packed", true)] {
            if isPacked { try await fixture.stored("repack", "-a", "-d", "-q", "--window=0") }
            let report = try await fixture.checkOut(commit, name)
            #expect(report == CheckoutReport(files: 3, linked: 0, bytes: (66 << 20) - 1))
            #expect(FileManager.default.contents(atPath: fixture.scratch.path(name) + "/large") == content)
            let medium = FileManager.default.contents(atPath: fixture.scratch.path(name) + "/medium")
            #expect(medium == content.prefix(BlobStream.leastBytes))
            #expect(try fixture.attribute(name + "/large", .posixPermissions) == 0o644)
        }
    }

    @Test func theLimitOfACheckoutCountsThemBeforeTheyAreWritten() async throws {
        var limits = CheckoutLimits()
        limits.bytes = 3 << 20
        let fixture = try await Fixture(limits: limits)
        try fixture.write("large", Self.content(4 << 20))
        let commit = try await fixture.pushAll()
        try await fixture.stored("repack", "-a", "-d", "-q")
        let error = await #expect(throws: PlatformError.self) { try await fixture.checkOut(commit, "out") }
        #expect(error?.message.contains("more than") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.scratch.path("out")))
    }

    /// Only what is a whole entry of a pack comes in pieces, all of it and in order.
    @Test func onlyLargeWholeBlobsComeInPieces() async throws {
        let fixture = try await ReceivingFixture()
        let bytes = [UInt8](Self.content(3 << 20))
        var builder = PackBuilder()
        let large = try builder.add(.blob, bytes)
        let small = try builder.add(.blob, "small")
        try builder.add(PackBuilder.delta(base: bytes.count, [.copy(0, bytes.count), .insert([1])]), onEntry: 0)
        let delta = try PackBuilder.name(.blob, bytes + [1])
        try await fixture.receive(builder.pack())
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            var stream = try BlobStream(repository.packs.packs(in: "\(repository.directory)/objects/pack"))
            var (size, found, most) = (0, [UInt8](), 0)
            let isRead = try stream.read(large) {
                size = $0
            } _: { piece in
                found += piece
                most = max(most, piece.count)
            }
            #expect(isRead && size == bytes.count && found == bytes && most < BlobStream.leastBytes)
            for other in [small, delta, ObjectID.zero] {
                let isRead = try stream.read(other) { (_) throws(GitError) in Issue.record("it was read") }
                #expect(!isRead)
            }
        }
    }

    /// The same large blob once more, and a different one under its name.
    @Test func aLargeBlobIsComparedWithTheStoredOne() async throws {
        let fixture = try await ReceivingFixture()
        let bytes = [UInt8](Self.content(3 << 20))
        var builder = PackBuilder()
        try builder.add(.blob, bytes)
        try await fixture.receive(builder.pack())
        try builder.add(.blob, "another, so that the pack is another")
        try await fixture.expectAccepted(builder.pack())

        // What lies under the name in the store is changed: a byte in the middle and one at the end.
        for place in [1_500_000, bytes.count - 1] {
            let fixture = try await ReceivingFixture()
            var changed = bytes
            changed[place] ^= 1
            var other = PackBuilder()
            let wrong = try other.add(.blob, changed)
            try await fixture.receive(other.pack())
            let right = try PackBuilder.name(.blob, bytes)
            let folder = fixture.directory + "/objects/pack"
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".idx") })
            let path = folder + "/" + name
            var index = try Data(contentsOf: URL(fileURLWithPath: path))
            let (old, new) = (Data(Self.raw(wrong)), Data(Self.raw(right)))
            index.replaceSubrange(try #require(index.range(of: old)), with: new)
            for first in 0..<256 {
                let count: UInt8 = first >= Int(new[0]) ? 1 : 0
                index.replaceSubrange(8 + first * 4..<12 + first * 4, with: [0, 0, 0, count])
            }
            try FileManager.default.removeItem(atPath: path)
            try index.write(to: URL(fileURLWithPath: path))
            let error = await #expect(throws: GitError.self) { try await fixture.receive(builder.pack()) }
            #expect(error?.message.contains("collision") == true, "\(error.map { "\($0)" } ?? "")")
        }
    }

    private static func raw(_ id: ObjectID) -> [UInt8] {
        var bytes: [UInt8] = []
        id.appendBytes(to: &bytes)
        return bytes
    }
}
