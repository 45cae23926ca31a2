import Blocking
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Git

/// What the process that reads large packs may take, and what it may see.
struct ProcessLimitsTests {
    /// Expects that the helper is ended over that pack, and that a helper with ordinary limits takes it.
    private static func expectEnded(
        _ pack: [UInt8], _ fixture: ReceivingFixture, limits: ReceiveLimits = ReceiveLimits(),
        _ change: (inout IndexHelper) -> Void
    ) async throws {
        let before = try fixture.files()
        var helper = try HelperFixture.berthd()
        change(&helper)
        let bounded = helper
        let error = await #expect(throws: GitError.self) { () async throws in
            try await HelperFixture.receive(pack, fixture, bounded, limits: limits)
        }
        // A file that is too large is an error of the call where the signal for it is ignored.
        let isEnded = error?.message.contains("ended (signal") == true || error?.message == "File too large"
        #expect(isEnded, "\(error.map { "\($0)" } ?? "")")
        #expect(try fixture.files() == before)
        try await HelperFixture.receive(pack, fixture, HelperFixture.berthd())
    }

    @Test func itsMemoryIsLimited() async throws {
        let fixture = try await ReceivingFixture()
        let pack = try HelperFixture.inflating(to: 100).pack
        try await Self.expectEnded(pack, fixture) { $0.memoryBytes = 80 << 20 }
    }

    @Test func itsProcessorTimeIsLimited() async throws {
        let fixture = try await ReceivingFixture()
        // Some hundred megabytes to make and hash.
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        var builder = PackBuilder()
        try builder.add(.blob, piece)
        for count in 90..<96 {
            let steps = (0..<count).map { _ in DeltaStep.copy(0, 1 << 20) }
            try builder.add(PackBuilder.delta(base: 1 << 20, steps), onEntry: 0)
        }
        try await Self.expectEnded(builder.pack(), fixture) {
            $0.moreSeconds = 1 - ReceiveLimits().indexSeconds
        }
    }

    @Test func whatItWritesIsLimited() async throws {
        let fixture = try await ReceivingFixture()
        var generator = SeededGenerator(seed: 3)
        let noise = (0..<1 << 17).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var builder = PackBuilder()
        let base = try builder.add(.blob, noise)
        try await fixture.receive(builder.pack())
        // Complete it has its base in it.
        builder = PackBuilder()
        try builder.add(PackBuilder.delta(base: noise.count, [.copy(0, noise.count), .insert([1])]), on: base)
        var limits = ReceiveLimits()
        limits.objects = 1
        try await Self.expectEnded(builder.pack(), fixture, limits: limits) { $0.moreFileBytes = 0 }
    }

    /// It is stopped in the middle of its work by an index that nobody reads, and looked at.
    @Test func itSeesNothingButTheObjectsAndHasNoRights() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        for number in 0..<3000 { try builder.add(.blob, "\(number)") }
        let quarantine = try Quarantine(in: fixture.directory)
        try quarantine.fill(builder.pack())
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (OpenFile(ends[0]), OpenFile(ends[1]))
        let pack = LargePack(
            quarantine: quarantine, body: try quarantine.openBody(isNew: false), index: writer,
            objects: try OpenFile("\(fixture.directory)/objects", flags: O_RDONLY | O_DIRECTORY))
        let name = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(ends[0])")
        let helper = try HelperFixture.berthd()
        async let answer = fixture.store.pool.run { () throws(GitError) in
            try helper.index(pack, limits: ReceiveLimits())
        }
        try await expectEventually("the helper writes the index") {
            let process = Self.process(holding: name) ?? ""
            let call = try? String(contentsOfFile: process + "/wchan", encoding: .utf8)
            return call?.contains("pipe_w") == true
        }
        let process = try #require(Self.process(holding: name))
        let status = try String(contentsOfFile: process + "/status", encoding: .utf8)
        let root = try? FileManager.default.destinationOfSymbolicLink(atPath: process + "/root")
        let network = try? FileManager.default.destinationOfSymbolicLink(atPath: process + "/ns/net")
        let ours = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        // Let it end.
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        #expect(read(reader.number, &buffer, buffer.count) > 0)
        #expect(read(reader.number, &buffer, buffer.count) > 0)
        guard case .indexed(_, 3000) = try await answer else {
            Issue.record("it was not indexed")
            return
        }
        #expect(status.contains("NoNewPrivs:\t1"))
        guard geteuid() == 0 else { return }
        let account = ProcessRights.account
        #expect(status.contains("Uid:\t\(account)\t\(account)\t\(account)\t\(account)\n"), "\(status)")
        #expect(status.contains("Gid:\t\(account)\t"))
        #expect(status.contains("CapEff:\t0000000000000000"))
        #expect(root == "\(fixture.directory)/objects")
        #expect(network != nil && network != ours)
    }

    /// The other process that has a descriptor with that name as its index.
    private static func process(holding name: String) -> String? {
        let files = FileManager.default
        for number in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where Int32(number) != nil {
            let link = try? files.destinationOfSymbolicLink(atPath: "/proc/\(number)/fd/\(IndexOrder.index)")
            if link == name, Int32(number) != getpid() { return "/proc/\(number)" }
        }
        return nil
    }
}
