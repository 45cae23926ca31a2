import CGit2
import Foundation
import TestSupport
import Testing

@testable import Git

/// Names of objects are made by a SHA-1 that finds out when bytes were made to collide.
///
/// No two git objects that collide are known: an object's header goes in front of its bytes, and the known collisions
/// begin otherwise. So it is shown in two steps: the library finds a known collision wherever it hashes bytes as they
/// are, and it is the library that names objects.
@Suite struct ObjectHasherTests {
    /// The first 320 bytes of the two files of "The first collision for full SHA-1" (Stevens, Bursztein, Karpman,
    /// Albertini, Markov; 2017), in hexadecimal.
    private static let prefix =
        "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f486569676874203320302052"
        + "2f547970652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f725370616365203720"
        + "3020522f4c656e6774682038203020522f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe002453"
        + "48412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01"
    private static let blocks = [
        "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3dc38e96a"
            + "c22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1"
            + "a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1",
        "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb76038e972"
            + "722fe7ad728f0e4904e046c230570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1"
            + "a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1",
    ]

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.map { UInt8($0 < 0x61 ? $0 - 0x30 : $0 - 0x57) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func plainName(_ bytes: [UInt8]) -> ObjectID {
        var hash = PlainSHA1()
        hash.update(bytes)
        return hash.finish()
    }

    @Test func theExamplesCollide() {
        let files = Self.blocks.map { Self.bytes(Self.prefix + $0) }
        #expect(files[0] != files[1])
        #expect(files.map(\.count) == [320, 320])
        #expect(Self.plainName(files[0]) == Self.plainName(files[1]))
    }

    /// The library hashes configuration files as they are, before it reads them.
    @Test(arguments: [0, 1]) func theLibraryFindsAKnownCollision(index: Int) throws {
        try LibGit2.start(maximumObjectSize: 1 << 20)
        let scratch = try TemporaryDirectory("berth-hash")
        let path = scratch.path("file")
        func open(_ bytes: [UInt8]) throws -> GitError? {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            var configuration: OpaquePointer?
            defer { git_config_free(configuration) }
            let status = git_config_open_ondisk(&configuration, path)
            return status < 0 ? LibGit2.lastError(status, "git_config_open_ondisk") : nil
        }
        var bytes = Self.bytes(Self.prefix + Self.blocks[index])
        let found = try #require(try open(bytes))
        #expect(found.message.contains("collision"), "\(found)")
        // Any other bytes are only no configuration.
        bytes[319] ^= 1
        let other = try #require(try open(bytes))
        #expect(!other.message.contains("collision"), "\(other)")
    }

    /// That the library names objects follows from no name: plain SHA-1 gives the same ones. So it is the source that is
    /// looked at: plain SHA-1 is used for check sums of packs and indexes, and nowhere else.
    @Test func plainHashesNameNoObjects() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/Git")
            .resolvingSymlinksInPath()
        var users: Set<String> = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: sources.path) where name.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appendingPathComponent(name), encoding: .utf8)
            if text.contains("PlainSHA1") { users.insert(name) }
        }
        #expect(
            users == [
                "Maintenance/CommitGraph.swift", "Packs/PlainSHA1.swift", "Receiving/PackIndexWriter.swift",
                "Receiving/PackInput.swift", "Receiving/ReceivedPack.swift", "Sending/OutgoingPack.swift",
            ])
        let hasher = try String(
            contentsOf: sources.appendingPathComponent("Receiving/ObjectHasher.swift"), encoding: .utf8)
        for call in ["git_odb_hash(", "git_odb_open_wstream(", "git_odb_stream_finalize_write("] {
            #expect(hasher.contains(call))
        }
    }

    @Test func namesAreTheSameInPieces() throws {
        let bytes = Self.bytes(Self.prefix + Self.blocks[0])
        let name = Self.plainName(Array("blob \(bytes.count)\0".utf8) + bytes)
        #expect(try bytes.withUnsafeBytes { try ObjectHasher.hash($0, .blob) } == name)
        let hasher = try ObjectHasher()
        var stream = try hasher.begin(.blob, size: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: 7) {
            try bytes[start..<min(bytes.count, start + 7)].withUnsafeBytes { try stream.append($0) }
        }
        let streamed = try stream.finish()
        #expect(streamed == name)
    }
}
