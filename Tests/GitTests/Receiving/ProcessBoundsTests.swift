import Foundation
import TestSupport
import Testing

@testable import Git

/// What the server reads itself, and what it leaves to a helper, by what a pack comes to.
struct ProcessBoundsTests {
    @Test(arguments: [false, true])
    func aSmallPackThatComesToMuchIsReadByAHelper(spooled: Bool) async throws {
        let fixture = try await ReceivingFixture()
        let seen = fixture.scratch.path("seen")
        var helper = try HelperFixture.stub("echo started >> \(seen); exit 3", fixture)
        helper.leastBytes = IndexHelper(program: "").leastBytes
        let stub = helper
        var builder = PackBuilder()
        let plain = try builder.add(.blob, [UInt8](repeating: 7, count: 2 << 20))
        let kind = try await HelperFixture.receive(builder.pack(), fixture, stub, spooled: spooled, find: plain)
        #expect(kind == .blob)
        #expect(!FileManager.default.fileExists(atPath: seen))

        let before = try fixture.files()
        let (pack, id) = try HelperFixture.inflating(to: 64)
        #expect(pack.count < 8192)
        let error = await #expect(throws: GitError.self) { () async throws in
            try await HelperFixture.receive(pack, fixture, stub, spooled: spooled)
        }
        #expect(error?.message.contains("the process that reads it ended (status 3)") == true)
        #expect(try String(contentsOfFile: seen, encoding: .utf8) == "started\n")
        #expect(try fixture.files() == before)

        var real = try HelperFixture.berthd()
        real.leastBytes = helper.leastBytes
        #expect(try await HelperFixture.receive(pack, fixture, real, spooled: spooled, find: id) == .blob)
        try await fixture.git("fsck", "--strict", "--full", "--no-dangling")
    }

    @Test func withoutAHelperTheOrdinaryLimitsHold() async throws {
        let fixture = try await ReceivingFixture()
        let (pack, id) = try HelperFixture.inflating(to: 64)
        #expect(try await HelperFixture.receive(pack, fixture.app, fixture.store, find: id) == .blob)
    }

    @Test func objectsNamesAndFoldersAreCounted() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let blobs = try (0..<4).map { try builder.add(.blob, "\($0)") }
        let tree = try builder.add(
            .tree, PackBuilder.tree(blobs.enumerated().map { ("100644", "f\($0.offset)", $0.element) }))
        try builder.add(.tree, PackBuilder.tree([("40000", "a", tree), ("40000", "b", tree)]))
        let pack = builder.pack()
        func isHandedOver(_ change: (inout ProcessBounds) -> Void) async throws -> Bool {
            var helper = try HelperFixture.stub("exit 3", fixture)
            helper.leastBytes = 1 << 20
            change(&helper.bounds)
            do {
                try await HelperFixture.receive(pack, fixture, helper, spooled: false)
                return false
            } catch let error as GitError { return error.message.contains("status 3") }
        }
        #expect(try await isHandedOver { $0.objects = 5 })
        #expect(try await isHandedOver { $0.folders = 1 })
        #expect(try await isHandedOver { $0.objectBytes = 60 })
        #expect(try await !isHandedOver { ($0.objects, $0.folders, $0.objectBytes) = (6, 2, 150) })
    }

    /// Those that wait keep nobody else from the threads that read repositories.
    @Test func fewHelpersRunAtOnce() async throws {
        let fixture = try await ReceivingFixture()
        let log = fixture.scratch.path("log")
        let gate = fixture.scratch.path("gate")
        #expect(mkfifo(gate, 0o600) == 0)
        // A lock makes each line whole; reading the pipe waits until somebody opens it for writing.
        let helper = try HelperFixture.stub(
            "echo + >> \(log); cat \(gate) > /dev/null; echo - >> \(log); exit 3", fixture)
        let store = try HelperFixture.store(fixture, helper)
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let pack = builder.pack()
        @Sendable func lines() -> [Substring] {
            ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask { _ = try? await HelperFixture.receive(pack, fixture.app, store) }
            }
            try await expectEventually("two have started") { lines().count { $0 == "+" } == helper.count }
            for _ in 0..<20 { _ = try await store.withRepository(fixture.app) { (_) throws(GitError) in 1 } }
            while lines().count(where: { $0 == "-" }) < 6 {
                // Lets go whoever waits now.
                let end = open(gate, O_WRONLY | O_NONBLOCK)
                if end >= 0 { close(end) }
                await Task.yield()
            }
            try await group.waitForAll()
        }
        var (running, most) = (0, 0)
        for line in lines() {
            running += line == "+" ? 1 : -1
            most = max(most, running)
        }
        #expect(most == helper.count)
    }
}
