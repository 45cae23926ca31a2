import Testing

@testable import Git

@Suite struct ReceiveLimitsTests {
    private static func limits(_ change: (inout ReceiveLimits) -> Void) -> ReceiveLimits {
        var limits = ReceiveLimits()
        change(&limits)
        return limits
    }

    /// Every limit by a pack that keeps to it and breaks it by one.
    @Test func attack5EveryLimitHasItsMessage() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let blob = try builder.add(.blob, [UInt8](repeating: 65, count: 3000))
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        try builder.add(.commit, PackBuilder.commit(tree, message: String(repeating: "m", count: 1000)))
        try builder.add(PackBuilder.delta(base: 3000, [.copy(0, 3000), .copy(0, 3000)]), onEntry: 0)
        let pack = builder.pack()
        func expect(_ reason: String, _ change: (inout ReceiveLimits) -> Void) async throws {
            try await fixture.expectRefused(pack, because: reason, limits: Self.limits(change), code: .tooLarge)
        }
        try await expect("bytes; at most 0 MiB") { $0.packBytes = pack.count - 1 }
        try await expect("4 objects; at most 3") { $0.objects = 3 }
        try await expect("object of 6000 bytes") { $0.objectBytes = 5999 }
        try await expect("blob of 3000 bytes") { $0.objectBytes = 2999 }
        try await expect("commit of") { $0.metadataBytes = 1000 }
        try await expect("too many bytes") { $0.inflatedBytes = 10_000 }
        try await expect("more than 0 deltas") { $0.deltaDepth = 0 }
        try await expect("longer than -1 seconds") { $0.indexSeconds = -1 }
        let kept = Self.limits {
            $0.packBytes = pack.count
            $0.objects = 4
            $0.objectBytes = 6000
            $0.metadataBytes = 2000
            $0.inflatedBytes = 12_000
            $0.deltaDepth = 1
        }
        try await fixture.expectAccepted(pack, limits: kept)
    }

    @Test func namesOfOtherObjectsAreCounted() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        var generator = SeededGenerator(seed: 1)
        let entries = (0..<1000).map { number in
            let bytes = (0..<20).map { _ in UInt8.random(in: 1...255, using: &generator) }
            return (mode: "100644", name: "f\(number + 1000)", id: bytes.withUnsafeBytes { ObjectID($0, at: 0) })
        }
        try builder.add(.tree, PackBuilder.tree(entries))
        let few = Self.limits { $0.outsideObjects = 998 }
        try await fixture.expectRefused(
            builder.pack(), because: "names more than 998 objects", limits: few, code: .tooLarge)
        try await fixture.expectRefused(builder.pack(), because: "is missing")
    }

    @Test func anObjectMayBeAsLargeAsItsLimitAndNoClaimIsBelieved() async throws {
        let fixture = try await ReceivingFixture()
        let content = [UInt8](repeating: 7, count: 3 << 20)
        var builder = PackBuilder()
        let id = try builder.add(.blob, content)
        #expect(try await fixture.expectAccepted(builder.pack(), spooled: true) == [id.description])
        // The entry says it is larger, or smaller, than it is.
        for size in [(3 << 20) + 1, (3 << 20) - 1, 128 << 20, 2 << 20] {
            var builder = PackBuilder()
            try builder.add(header: PackEntryHeader.encode(.object(.blob), size: size), content)
            try await fixture.expectRefused(builder.pack(), because: "not as long as it says")
        }
        for size in [1 << 40, Int.max] {
            var builder = PackBuilder()
            try builder.add(header: PackEntryHeader.encode(.object(.blob), size: size), content)
            try await fixture.expectRefused(builder.pack(), because: "larger than 128 MiB", code: .tooLarge)
        }
    }
}
