import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct PackReceiverTests {
    /// Two commits of five large files that differ in a line each; the second as a pack that leaves its bases out.
    private struct ThinPush {
        let fixture: Fixture
        let second: ObjectID
        let pack: [UInt8]

        init() async throws {
            fixture = try await Fixture()
            var files: [String: String] = [:]
            for number in 0..<5 {
                files["f\(number)"] = try Data.noise(4000).base64EncodedString(options: .lineLength64Characters)
            }
            let first = try await fixture.push(files)
            for name in files.keys { try fixture.write(name, Data(((files[name] ?? "") + "\nmore\n").utf8)) }
            try await fixture.git("commit", "-qam", "second")
            second = try #require(ObjectID(try await fixture.git("rev-parse", "HEAD")))
            let revisions = fixture.scratch.path("revisions")
            try Data("\(second)\n^\(first)\n".utf8).write(to: URL(fileURLWithPath: revisions))
            let output = try fixture.git.start(
                ["pack-objects", "-q", "--thin", "--revs", "--stdout"], input: revisions)
            pack = Array(await output.bytes())
        }

        func receive(_ limits: ReceiveLimits, keep: Bool = true) async throws -> ObjectKind? {
            let (pack, second) = (pack, second)
            return try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                var kind: ObjectKind?
                try repository.receive(.memory(pack), limits: limits) { (find) throws(GitError) in
                    kind = try find(second)
                    return keep
                }
                return kind
            }
        }

        /// Names in `objects` and `objects/pack`, sorted.
        func objects() throws -> [String] {
            let files = FileManager.default
            return try files.contentsOfDirectory(atPath: fixture.directory + "/objects").sorted()
                + files.contentsOfDirectory(atPath: fixture.directory + "/objects/pack").sorted()
        }
    }

    @Test func aThinPackIsCompletedFromTheStore() async throws {
        let push = try await ThinPush()
        #expect(try await push.receive(ReceiveLimits()) == .commit)
        try await push.fixture.stored("cat-file", "-e", "\(push.second)^{tree}")
        try await push.fixture.stored("update-ref", "refs/heads/second", "\(push.second)")
        try await push.fixture.stored("fsck", "--strict", "--full")
    }

    @Test func aPackThatIsNotWantedLeavesNothing() async throws {
        let push = try await ThinPush()
        let before = try push.objects()
        #expect(try await push.receive(ReceiveLimits(), keep: false) == .commit)
        #expect(try push.objects() == before)
    }

    @Test func packsBeyondTheLimitsAreRefusedAndLeaveNothing() async throws {
        let push = try await ThinPush()
        let before = try push.objects()
        var fewBases = ReceiveLimits()
        fewBases.thinBases = 2
        var fewObjects = ReceiveLimits()
        fewObjects.objects = 3
        var smallObjects = ReceiveLimits()
        smallObjects.objectBytes = 1000
        for limits in [fewBases, fewObjects, smallObjects] {
            let error = await #expect(throws: GitError.self) { _ = try await push.receive(limits) }
            #expect(error?.code == .tooLarge, "\(String(describing: error))")
            #expect(error?.isShowable == true)
            #expect(try push.objects() == before)
        }
    }
}

extension RunningCommand {
    /// Its whole output, which need not be text.
    fileprivate func bytes() async -> Data {
        _ = await outcome()
        return rawOutput
    }
}
