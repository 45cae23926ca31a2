import TestSupport
import Testing

@testable import Git

@Suite struct DeltaResolverTests {
    private static func text(_ number: Int) -> [UInt8] { Array("line \(number)\n".utf8) }

    /// A delta that adds a line to a base of that many bytes.
    private static func line(_ number: Int, after size: Int) -> [UInt8] {
        PackBuilder.delta(base: size, (size > 0 ? [.copy(0, size)] : []) + [.insert(text(number))])
    }

    @Test(arguments: [false, true])
    func basesMayComeInAnyOrder(spooled: Bool) async throws {
        // Each object adds a line to the one before; the deltas come last one first and name their bases.
        var contents = [Self.text(0)]
        for number in 1..<50 { contents.append(contents[number - 1] + Self.text(number)) }
        var builder = PackBuilder()
        for number in (1..<50).reversed() {
            let base = contents[number - 1]
            try builder.add(Self.line(number, after: base.count), on: PackBuilder.name(.blob, base))
        }
        try builder.add(.blob, contents[0])
        let fixture = try await ReceivingFixture()
        let ids = try await fixture.expectAccepted(builder.pack(), spooled: spooled)
        #expect(ids.count == 50)
        for content in contents { #expect(try ids.contains(PackBuilder.name(.blob, content).description)) }
    }

    @Test func aDeltaWithoutABaseAndDeltasInACircleAreRefused() async throws {
        let fixture = try await ReceivingFixture()
        let (a, b) = (Self.text(1), Self.text(2))
        var builder = PackBuilder()
        try builder.add(Self.line(1, after: a.count), on: PackBuilder.name(.blob, a))
        try await fixture.expectRefused(builder.pack(), because: "the base of a delta, is missing")
        try builder.add(Self.line(2, after: b.count), on: PackBuilder.name(.blob, b))
        try await fixture.expectRefused(builder.pack(), because: "the base of a delta, is missing")
        builder = PackBuilder()
        try builder.add(.blob, "x")
        try builder.add(Self.line(1, after: a.count), on: PackBuilder.name(.blob, a))
        try builder.add(Self.line(2, after: a.count), onEntry: 1)
        try await fixture.expectRefused(builder.pack(), because: "the base of a delta, is missing")
    }

    @Test func attack5ChainsHaveALimitAndNoRecursion() async throws {
        let fixture = try await ReceivingFixture()
        func chain(_ count: Int, byName: Bool) throws -> [UInt8] {
            // Every object is as long as the one before and begins with its number.
            let rest = [UInt8](repeating: 65, count: 20)
            func content(_ number: Int) -> [UInt8] { Array("\(number + 100_000)".utf8) + rest }
            var builder = PackBuilder()
            for number in 1...count {
                let delta = PackBuilder.delta(
                    base: 26, [.insert(Array("\(number + 100_000)".utf8)), .copy(6, 20)])
                if byName {
                    try builder.add(delta, on: PackBuilder.name(.blob, content(number - 1)))
                } else {
                    if number == 1 { try builder.add(.blob, content(0)) }
                    try builder.add(delta, onEntry: number - 1)
                }
            }
            if byName { try builder.add(.blob, content(0)) }
            return builder.pack()
        }
        for byName in [false, true] {
            try await fixture.expectRefused(
                chain(20_000, byName: byName), because: "more than 4096 deltas", code: .tooLarge)
        }
        var limits = ReceiveLimits()
        limits.deltaDepth = 30_000
        try await fixture.receive(chain(20_000, byName: true), limits: limits)
        let count = try await fixture.git("count-objects", "-v")
        #expect(count.contains("in-pack: 20001"))
    }

    @Test func contentsThatWereDroppedAreMadeAgain() async throws {
        // Three large bases, and deltas on them in turn that name them: more bytes than are kept.
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        var generator = SeededGenerator(seed: 5)
        var bases: [[UInt8]] = []
        for _ in 0..<4 {
            let pattern = (0..<1 << 16).map { _ in UInt8(truncatingIfNeeded: generator.next()) & 3 }
            bases.append(Array(repeatElement(pattern, count: 144).joined()))
        }
        for base in bases { try builder.add(.blob, base) }
        for number in 0..<3 {
            for index in bases.indices {
                try builder.add(Self.line(number, after: bases[index].count), onEntry: index)
            }
        }
        // On the first delta's result, which is long gone.
        try builder.add(Self.line(9, after: bases[0].count + 7), onEntry: 4)
        let ids = try await fixture.expectAccepted(builder.pack(), spooled: true)
        #expect(ids.count == 17)
        let last = bases[0] + Self.text(0) + Self.text(9)
        #expect(try ids.contains(PackBuilder.name(.blob, last).description))
    }

    // MARK: Bases from the store

    @Test(arguments: [false, true])
    func tenThousandBasesAreFetchedAtOnce(spooled: Bool) async throws {
        let fixture = try await ReceivingFixture()
        var first = PackBuilder()
        var thin = PackBuilder()
        for number in 0..<10_000 {
            let content = Array("a file of the store, number \(number)\n".utf8)
            let id = try first.add(.blob, content)
            try thin.add(Self.line(number, after: content.count), on: id)
        }
        try await fixture.receive(first.pack())
        var limits = ReceiveLimits()
        limits.thinBases = 9_999
        try await fixture.expectRefused(
            thin.pack(), because: "leaves out more than 9999", limits: limits, code: .tooLarge)
        let ids = try await fixture.expectAccepted(thin.pack(), spooled: spooled)
        #expect(ids.count == 20_000)
    }

    @Test func aBaseThatIsInTheStoreAndInThePackIsNotKeptTwice() async throws {
        let fixture = try await ReceivingFixture()
        let (x, b) = (Self.text(0), Self.text(0) + Self.text(1))
        var first = PackBuilder()
        try first.add(.blob, x)
        try first.add(.blob, b)
        try await fixture.receive(first.pack())
        // C is a delta on B, and B comes later, as a delta on X, which is left out.
        var second = PackBuilder()
        try second.add(Self.line(2, after: b.count), on: PackBuilder.name(.blob, b))
        try second.add(Self.line(1, after: x.count), on: PackBuilder.name(.blob, x))
        #expect(try await fixture.expectAccepted(second.pack()).count == 3)
        #expect(try await fixture.receive(second.pack(), find: PackBuilder.name(.blob, b)) == .blob)
    }

    @Test func aBaseDoesNotGiveWayToADeltaThatIsBuiltOnIt() async throws {
        let fixture = try await ReceivingFixture()
        let b = Self.text(0) + Self.text(1)
        var first = PackBuilder()
        try first.add(.blob, b)
        try await fixture.receive(first.pack())
        // C is a delta on B of the store; the next entry is B again, as a delta on C. Without the store's B the two
        // would stand on each other.
        var second = PackBuilder()
        try second.add(Self.line(2, after: b.count), on: PackBuilder.name(.blob, b))
        try second.add(PackBuilder.delta(base: b.count + 7, [.copy(0, b.count)]), onEntry: 0)
        try await fixture.expectRefused(second.pack(), because: "duplicateObject")
    }

    // MARK: Bombs

    @Test func attack5ADeltaBombIsRefusedByWhatItSays() async throws {
        let fixture = try await ReceivingFixture()
        func bomb(_ size: Int, count: Int) throws -> [UInt8] {
            var builder = PackBuilder()
            let piece = 0xff_ffff
            try builder.add(.blob, [UInt8](repeating: 65, count: piece))
            for number in 0..<count {
                let copies = Array(repeating: DeltaStep.copy(0, piece), count: size / piece)
                let delta = PackBuilder.delta(base: piece, copies + [.insert(Self.text(number))])
                try builder.add(delta, onEntry: 0)
            }
            return builder.pack()
        }
        try await fixture.expectRefused(bomb(1 << 30, count: 1), because: "larger than 128 MiB", code: .tooLarge)
        try await fixture.expectRefused(bomb(120 << 20, count: 40), because: "too many bytes", code: .tooLarge)
        var limits = ReceiveLimits()
        limits.inflatedBytes = 100 << 20
        try await fixture.expectRefused(
            bomb(80 << 20, count: 2), because: "too many bytes", limits: limits, code: .tooLarge)
    }
}
