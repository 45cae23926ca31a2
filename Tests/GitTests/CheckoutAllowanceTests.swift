import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Git

/// What a release may have holds while its commit is laid out.
@Suite struct CheckoutAllowanceTests {
    private static let large = String(repeating: "x", count: 60)

    private static func allowance(bytes: Int = .max, entries: Int = .max) -> ReleaseAllowance {
        ReleaseAllowance(limit: DiskLimit(bytes: bytes, entries: entries))
    }

    /// The error of a checkout that must fail and leave nothing.
    private func failure(
        _ fixture: Fixture, _ commit: CommitID, previous: (CommitID, String)? = nil, _ allowance: ReleaseAllowance
    ) async -> PlatformError? {
        let error = await #expect(throws: PlatformError.self) {
            try await fixture.checkOut(commit, "refused", previous: previous, allowance: allowance)
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.scratch.path("refused")))
        return error
    }

    @Test func `more than a release may have is refused, and the message names the limit and its setting`() async throws
    {
        let fixture = try await Fixture()
        let commit = try await fixture.push(["a": Self.large, "d/b": Self.large])
        let bytes = await failure(fixture, commit, Self.allowance(bytes: 119))
        #expect(bytes?.code == .buildFailed)
        #expect(bytes?.message.contains("more than 119 bytes") == true, "\(bytes?.message ?? "")")
        #expect(bytes?.message.contains("--release-size") == true)
        let entries = await failure(fixture, commit, Self.allowance(entries: 2))
        #expect(entries?.code == .buildFailed)
        #expect(entries?.message.contains("more than 2 files and folders") == true, "\(entries?.message ?? "")")
        #expect(entries?.message.contains("--release-files") == true)
        let report = try await fixture.checkOut(commit, "out", allowance: Self.allowance(bytes: 120, entries: 3))
        #expect(report.bytes == 120)
    }

    @Test func `attack 11: one blob under many names counts for each of them`() async throws {
        let fixture = try await Fixture()
        for number in 0..<8 { try fixture.write("zeros\(number)", Data(count: 2 << 20)) }
        let commit = try await fixture.pushAll()
        let error = await failure(fixture, commit, Self.allowance(bytes: 15 << 20))
        #expect(error?.message.contains("more than 15 MiB") == true, "\(error?.message ?? "")")
        _ = try await fixture.checkOut(commit, "out", allowance: Self.allowance(bytes: 16 << 20))
    }

    @Test func `files that are linked from the previous checkout count as those that are written`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.push(["a": Self.large])
        _ = try await fixture.checkOut(first, "one")
        let second = try await fixture.push(["b": Self.large + "y"])
        let error = await failure(fixture, second, previous: (first, "one"), Self.allowance(bytes: 120))
        #expect(error?.message.contains("--release-size") == true)
        #expect(fixture.text("one/a") == Self.large)
        let report = try await fixture.checkOut(
            second, "two", previous: (first, "one"), allowance: Self.allowance(bytes: 121))
        #expect(report == CheckoutReport(files: 2, linked: 1, bytes: 61))
    }

    @Test func `a disk that goes down to the reserve while files are written ends that`() async throws {
        let fixture = try await Fixture()
        for number in 0..<24 { try fixture.write("f\(number)", Data(repeating: 7, count: 1 << 20)) }
        let commit = try await fixture.pushAll()
        let looks = Mutex(0)
        let allowance = ReleaseAllowance(limit: Fixture.anything.limit, reserve: DiskReserve(bytes: 8 << 20)) {
            let count = looks.withLock { count in
                count += 1
                return count
            }
            return DiskRoom(total: 1 << 30, free: (count == 1 ? 100 : 8) << 20)
        }
        let error = await failure(fixture, commit, allowance)
        #expect(error?.code == .tooLarge)
        #expect(error?.message.hasPrefix("this server's disk is nearly full: 8 MiB left") == true)
        #expect(looks.withLock { $0 } == 2)
    }

    @Test(arguments: [(11, false), (12, true)])
    func `a file that would take what the server keeps for itself is not begun`(
        _ free: Int, _ isTaken: Bool
    ) async throws {
        let fixture = try await Fixture()
        try fixture.write("file", Data(repeating: 7, count: 4 << 20))
        let commit = try await fixture.pushAll()
        let allowance = ReleaseAllowance(limit: Fixture.anything.limit, reserve: DiskReserve(bytes: 8 << 20)) {
            DiskRoom(total: 1 << 30, free: free << 20)
        }
        if isTaken {
            _ = try await fixture.checkOut(commit, "out", allowance: allowance)
        } else {
            #expect(await failure(fixture, commit, allowance)?.code == .tooLarge)
        }
    }

    @Test func `blobs that are written by their names keep to it together`() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.push(["a": Self.large, "b": Self.large + "y"])
        var blobs: Set<BlobID> = []
        for name in ["a", "b"] {
            blobs.insert(try #require(BlobID(try await fixture.git("rev-parse", "HEAD:\(name)"))))
        }
        let folder = fixture.scratch.path("blobs")
        let error = await #expect(throws: PlatformError.self) {
            try await fixture.store.write(blobs, to: folder, app: fixture.app, within: Self.allowance(bytes: 120))
        }
        #expect(error?.code == .buildFailed && error?.message.contains("--release-size") == true)
        #expect(!FileManager.default.fileExists(atPath: folder))
        try await fixture.store.write(blobs, to: folder, app: fixture.app, within: Self.allowance(bytes: 121))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
}
