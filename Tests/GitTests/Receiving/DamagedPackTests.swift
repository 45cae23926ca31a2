import Testing

@testable import Git

@Suite struct DamagedPackTests {
    private static func sound() throws -> PackBuilder {
        var builder = PackBuilder()
        let blob = try builder.add(.blob, "hello hello hello\n")
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        try builder.add(.commit, PackBuilder.commit(tree))
        try builder.add(PackBuilder.delta(base: 18, [.copy(0, 12), .insert(Array("you\n".utf8))]), onEntry: 0)
        return builder
    }

    @Test func aSoundPackIsTaken() async throws {
        let fixture = try await ReceivingFixture()
        let ids = try await fixture.expectAccepted(Self.sound().pack())
        #expect(ids.count == 4)
        #expect(try ids.contains(PackBuilder.name(.blob, Array("hello hello you\n".utf8)).description))
    }

    @Test func anEmptyPackLeavesNothing() async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        try await fixture.receive(PackBuilder().pack())
        #expect(try fixture.files() == before)
    }

    @Test func attack5APackThatIsCutOffAnywhereIsRefused() async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        let pack = try Self.sound().pack()
        for count in 0..<pack.count {
            for isSealed in [false, true] {
                let part = Array(pack[..<count])
                let bytes = isSealed ? PackBuilder.sealed(part) : part
                // Cut off before the trailer and sealed again it is the whole pack.
                if bytes == pack { continue }
                await #expect(throws: GitError.self, "\(count)") {
                    try await fixture.receive(bytes, spooled: count % 16 == 0)
                }
            }
        }
        #expect(try fixture.files() == before)
    }

    @Test func aPackWithAnyByteChangedIsRefused() async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        let pack = try Self.sound().pack()
        for index in pack.indices {
            var bytes = pack
            bytes[index] ^= 0x11
            await #expect(throws: GitError.self, "\(index)") { try await fixture.receive(bytes) }
        }
        #expect(try fixture.files() == before)
    }

    @Test func theFrameIsChecked() async throws {
        let fixture = try await ReceivingFixture()
        let builder = try Self.sound()
        let pack = builder.pack()
        func framed(_ header: [UInt8]) -> [UInt8] { PackBuilder.sealed(header + builder.body) }
        try await fixture.expectRefused(framed(Array("KCAP".utf8) + [0, 0, 0, 2, 0, 0, 0, 4]), because: "begin")
        try await fixture.expectRefused(framed(Array("PACK".utf8) + [0, 0, 0, 4, 0, 0, 0, 4]), because: "version 4")
        try await fixture.expectRefused(builder.pack(count: 3), because: "bytes follow")
        try await fixture.expectRefused(builder.pack(count: 5), because: "ends early")
        try await fixture.expectRefused(
            builder.pack(count: 1 << 32 - 1), because: "4294967295 objects", code: .tooLarge)
        var limits = ReceiveLimits()
        limits.objects = .max
        try await fixture.expectRefused(builder.pack(count: 1 << 32 - 1), because: "ends early", limits: limits)
        try await fixture.expectRefused(pack + [0], because: "bytes follow")
        try await fixture.expectRefused(pack + pack, because: "bytes follow")
        try await fixture.expectRefused(pack.dropLast() + [pack[pack.count - 1] ^ 1], because: "check sum")
        try await fixture.expectRefused([], because: "ends early")
    }

    @Test func entriesAreChecked() async throws {
        let fixture = try await ReceivingFixture()
        let content = Array("hello\n".utf8)
        func expect(_ reason: String, _ build: (inout PackBuilder) throws -> Void) async throws {
            var builder = PackBuilder()
            try builder.add(.blob, "first\n")
            try build(&builder)
            try await fixture.expectRefused(builder.pack(), because: reason)
        }
        for type: UInt8 in [0, 5] {
            try await expect("type \(type)") { try $0.add(header: [type << 4 | 6], content) }
        }
        for size: UInt8 in [0, 5, 7, 15] {
            try await expect("not as long as it says") { try $0.add(header: [0x30 | size], content) }
        }
        try await expect("number") { try $0.add(header: [UInt8](repeating: 0xff, count: 20), content) }
        try await expect("its own base") { try $0.add(header: [0x66, 0], content) }
        try await expect("base is no object") { try $0.add(header: [0x66, 1], content) }
        try await expect("base is no object") { try $0.add(header: [0x66, 0x90, 0x10], content) }
        try await expect("base is no object") {
            try $0.add(header: [0x66] + [UInt8](repeating: 0xfe, count: 6) + [0x10], content)
        }
        try await expect("cannot be inflated") { $0.add(raw: [0x36, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) }
        try await expect("duplicateObject") { try $0.add(.blob, "first\n") }
    }

    @Test(
        arguments: [
            [6], [6, 6], [6, 0], [0x86, 0, 0x80, 0], [6, 6, 0], [6, 6, 1, 65], [6, 6, 7, 65, 65], [5, 6, 0x90, 6],
            [7, 6, 0x90, 6],
            [6, 6, 0x90, 7],
            [6, 6, 0x91, 1, 6], [6, 6, 0x90, 5], [6, 5, 0x90, 6], [6, 6, 0xff], [6, 6, 0x81], [6, 6, 0x90, 6, 0x90, 6],
            [6, 6, 0x9f, 255, 255, 255, 255, 6], [6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0x90, 6],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 6, 0x90, 6], [6, 6, 0x80],
        ] as [[UInt8]])
    func deltasThatDoNotFitAreRefused(delta: [UInt8]) async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let base = try builder.add(.blob, "first\n")
        try builder.add(delta, onEntry: 0)
        try await fixture.expectRefused(builder.pack(), because: "delta does not fit")
        builder = PackBuilder()
        try builder.add(delta, on: base)
        try builder.add(.blob, "first\n")
        try await fixture.expectRefused(builder.pack(), because: "delta does not fit")
    }

    @Test func theSmallestSoundDeltaIsTaken() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        try builder.add(.blob, "first\n")
        try builder.add([6, 7, 0x90, 6, 1, 65], onEntry: 0)
        #expect(try await fixture.expectAccepted(builder.pack()).count == 2)
    }
}
