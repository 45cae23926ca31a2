import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

/// What a release may have, where no step is run and so nothing is gone through afterwards.
struct ReleaseAllowanceTests {
    private static let text = String(repeating: "x", count: 3000)

    /// Files of one content.
    private static func texts(_ count: Int) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("\($0).txt", text) })
    }

    @Test func `attack 11: a site is as large as all names of its files together`() async throws {
        let fixture = try BuildFixture { $0.maximumBytes = 9000 }
        let first = try await fixture.build(texts: Self.texts(3)).release
        let kept = fixture.leftovers().sorted()
        for previous in [nil, first] {
            let error = await #expect(throws: PlatformError.self) {
                try await fixture.build(texts: Self.texts(4), previous: previous)
            }
            #expect(error?.code == .buildFailed)
            #expect(error?.message.hasPrefix("the commit's files come to more than 8.7 KiB, which") == true)
            #expect(error?.message.hasSuffix("(--release-size)") == true)
            #expect(fixture.leftovers().sorted() == kept)
        }
        // The content was there already.
        #expect(fixture.repository.writes.count == 1)
    }

    @Test(arguments: [("static", false), ("static", true), ("node", false)])
    func `attack 11: a commit with more than a release may have is refused before it is laid out`(
        _ template: String, _ hasLinks: Bool
    ) async throws {
        let fixture = try BuildFixture(hasLinks: hasLinks) { $0.maximumBytes = 2999 }
        let texts = ["package.json": #"{"scripts": {"start": "node a"}}"#, "large.txt": Self.text]
        let error = try await fixture.failure(texts: texts, template: template)
        #expect(error?.message.hasSuffix("(--release-size)") == true, "\(error?.message ?? "")")
        #expect(fixture.leftovers().filter { $0 != "sites" }.isEmpty)
        #expect(fixture.runner.tasks.isEmpty)
    }

    @Test func `a commit with more files than a release may have is refused before it is laid out`() async throws {
        let fixture = try BuildFixture(hasLinks: true) { $0.maximumEntries = 3 }
        let error = try await fixture.failure(texts: Self.texts(4))
        #expect(error?.message.hasPrefix("the commit has more than 3 files and folders") == true)
        #expect(error?.message.hasSuffix("(--release-files)") == true)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test(arguments: [false, true])
    func `a site is not stored where the disk is down to what the server keeps for itself`(
        _ hasLinks: Bool
    ) async throws {
        let disk = ScriptedDisk()
        let fixture = try BuildFixture(hasLinks: hasLinks) {
            $0.diskReserve = DiskReserve(bytes: 1 << 30)
            $0.diskRoom = { disk.room }
        }
        disk.setRoom(DiskRoom(total: 1 << 40, free: 99 << 20))
        let error = try await fixture.failure(texts: Self.texts(1))
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasPrefix("this server's disk is nearly full: 99 MiB left") == true)
        #expect(fixture.leftovers().filter { $0 != "sites" }.isEmpty)
        disk.setRoom(DiskRoom(total: 1 << 40, free: 1 << 30))
        #expect(try await fixture.failure(texts: Self.texts(1)) == nil)
    }
}
