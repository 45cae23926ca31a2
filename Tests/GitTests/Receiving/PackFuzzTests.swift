import Core
import Foundation
import TestSupport
import Testing

@testable import Git

/// Packs that were changed at random. Nothing may crash, what is refused leaves nothing, and what is taken satisfies git.
/// `BERTH_FUZZ_SECONDS`, `BERTH_FUZZ_ROUNDS` and `BERTH_FUZZ_SEED` make a longer run or another one.
@Suite struct PackFuzzTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    private static let rounds = number("BERTH_FUZZ_ROUNDS") ?? 6000
    private static let seconds = number("BERTH_FUZZ_SECONDS") ?? 0
    private static let seed = UInt64(number("BERTH_FUZZ_SEED") ?? 1)

    /// An object or a delta, whose content can be changed before it is compressed.
    private struct Part {
        var content: PackEntryHeader.Content
        var bytes: [UInt8]
    }

    @Test func changedPacksAreRefusedOrSound() async throws {
        let fixture = try await ReceivingFixture()
        let (parts, first) = try Self.example()
        try await fixture.expectAccepted(first)
        let before = try fixture.files()
        let (rounds, seed, seconds) = (Self.rounds, Self.seed, Self.seconds)
        let corpus = try PackCorpus.all().filter { $0.bytes.count > 32 }.map(\.bytes)
        let taken = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            var generator = SeededGenerator(seed: seed)
            var taken: [[UInt8]] = []
            let deadline = ContinuousClock.now + .seconds(seconds)
            var round = 0
            while round < rounds || ContinuousClock.now < deadline {
                round += 1
                var pack: [UInt8]
                do { pack = try Self.changed(parts, &generator) } catch { continue }
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    pack = corpus.randomElement(using: &generator) ?? pack
                    Self.change(&pack, &generator)
                    if pack.count > 20 { pack = PackBuilder.sealed(pack.dropLast(20)) }
                }
                var limits = ReceiveLimits()
                limits.inflatedBytes = 64 << 20
                do throws(GitError) {
                    try repository.receive(.memory(pack), limits: limits) { (_) throws(GitError) in false }
                    if taken.count < 60 { taken.append(pack) }
                } catch {
                    guard error.isShowable else {
                        throw GitError(error.code, "round \(round): \(error)", operation: "fuzz")
                    }
                }
            }
            return taken
        }
        #expect(try fixture.files() == before)
        // Some changes do no harm: then it is a pack like any other.
        #expect(!taken.isEmpty)
        for (index, pack) in taken.enumerated() { try await fixture.receive(pack, spooled: index % 2 == 0) }
        let fsck = try await fixture.git.run("fsck", "--strict", "--full", "--no-dangling")
        #expect(fsck.status == 0, "\(fsck.output)")
        for name in try fixture.files().keys where name.hasSuffix(".idx") {
            try await fixture.git("verify-pack", name)
        }
    }

    /// The parts of a thin pack with all kinds of entries, and the pack that has its bases.
    private static func example() throws -> (parts: [Part], first: [UInt8]) {
        var first = PackBuilder()
        let text = Array(String(repeating: "some text that is long enough\n", count: 20).utf8)
        let old = try first.add(.blob, text)
        let oldTree = try first.add(.tree, PackBuilder.tree([("100644", "old", old)]))
        let parent = try first.add(.commit, PackBuilder.commit(oldTree))

        var parts: [Part] = []
        let grown = text + Array("more\n".utf8)
        let more = PackBuilder.delta(base: text.count, [.copy(0, text.count), .insert(Array("more\n".utf8))])
        let modules = Array("[submodule \"a\"]\n\tpath = a\n\turl = https://example.com/a.git\n".utf8)
        let tree = PackBuilder.tree([
            ("100644", ".gitmodules", try PackBuilder.name(.blob, modules)),
            ("100644", "a", try PackBuilder.name(.blob, grown)), ("40000", "b", oldTree),
            ("120000", "c", old),
        ])
        let treeID = try PackBuilder.name(.tree, tree)
        let commit = Array(PackBuilder.commit(treeID, parents: [parent]).utf8)
        let commitID = try PackBuilder.name(.commit, commit)
        parts.append(Part(content: .object(.commit), bytes: commit))
        parts.append(Part(content: .object(.tree), bytes: tree))
        parts.append(Part(content: .object(.blob), bytes: modules))
        parts.append(Part(content: .referenceDelta(base: old), bytes: more))
        let again = PackBuilder.delta(base: grown.count, [.insert([65]), .copy(1, grown.count - 1)])
        parts.append(Part(content: .offsetDelta(distance: 1), bytes: again))
        let tag = Array("object \(commitID)\ntype commit\ntag v1\ntagger \(PackBuilder.person)\n\nx\n".utf8)
        parts.append(Part(content: .object(.tag), bytes: tag))
        return (parts, first.pack())
    }

    private static func changed(_ parts: [Part], _ generator: inout SeededGenerator) throws -> [UInt8] {
        var parts = parts
        // Inside the compressed parts, so that the rules behind are reached.
        if Int.random(in: 0..<3, using: &generator) > 0 {
            let index = Int.random(in: 0..<parts.count, using: &generator)
            change(&parts[index].bytes, &generator)
        }
        if Int.random(in: 0..<8, using: &generator) == 0 { parts.shuffle(using: &generator) }
        var builder = PackBuilder()
        for part in parts {
            switch part.content {
            case .offsetDelta:
                let base = builder.offsets.count - 1
                if base >= 0 { try builder.add(part.bytes, onEntry: base) }
            case let content:
                var size = part.bytes.count
                if Int.random(in: 0..<60, using: &generator) == 0 { size += Int.random(in: -2...2, using: &generator) }
                try builder.add(header: PackEntryHeader.encode(content, size: max(0, size)), part.bytes)
            }
        }
        var pack = builder.pack()
        guard Int.random(in: 0..<3, using: &generator) == 0 else { return pack }
        change(&pack, &generator)
        guard pack.count > 20, Int.random(in: 0..<4, using: &generator) > 0 else { return pack }
        return PackBuilder.sealed(pack.dropLast(20))
    }

    /// Changes, drops, doubles or adds a few bytes.
    private static func change(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let interesting: [UInt8] = [0, 1, 0x0a, 0x20, 0x2d, 0x2e, 0x2f, 0x30, 0x7f, 0x80, 0x90, 0xff]
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes = Array(bytes[..<place])
            case 1: bytes.insert(interesting.randomElement(using: &generator) ?? 0, at: place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...9, using: &generator)))
            case 3:
                let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
                bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 4 where place < bytes.count: bytes[place] = interesting.randomElement(using: &generator) ?? 0
            default: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
            }
        }
    }
}
