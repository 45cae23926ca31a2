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
                let received = try repository.receive(.memory(pack), limits: limits) { (find) throws(GitError) in
                    kind = try find(second)
                    return keep
                }
                try received?.accept()
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

    @Test func aPackThatCannotBeMovedToItsPlaceLeavesNothing() async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let bytes = builder.pack()
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let pack = try repository.receive(.memory(bytes), limits: ReceiveLimits()) { (_) throws(GitError) in true }
            // The second of its two files does not go, as when the disk has no room for one more name.
            if let pack { unlink("\(pack.path).idx") }
            #expect(throws: GitError.self) { try pack?.accept() }
        }
        #expect(try fixture.files() == before)
    }

    @Test func aThinPackIsCompletedFromTheStore() async throws {
        let push = try await ThinPush()
        #expect(try await push.receive(ReceiveLimits()) == .commit)
        try await push.fixture.stored("cat-file", "-e", "\(push.second)^{tree}")
        try await push.fixture.stored("update-ref", "refs/heads/second", "\(push.second)")
        try await push.fixture.stored("fsck", "--strict", "--full")
    }

    @Test func aPackThatIsThereAlreadyChangesNothing() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let id = try builder.add(.blob, "a")
        try builder.add(.blob, "b")
        try await fixture.receive(builder.pack())
        let before = try fixture.files()
        for spooled in [false, true] {
            #expect(try await fixture.receive(builder.pack(), spooled: spooled, find: id) == .blob)
            #expect(try fixture.files() == before)
        }
        // One that holds more is kept beside it.
        try builder.add(.blob, "c")
        #expect(try await fixture.expectAccepted(builder.pack()).count == 3)
        #expect(try fixture.files().keys.filter { $0.hasSuffix(".pack") }.count == 2)
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

    /// Packs of a history that grows and is repacked, as git makes them in all its ways.
    @Test(arguments: [
        ["--delta-base-offset", "--depth=50"], ["--depth=50", "--window=100"], ["--no-reuse-delta", "--window=0"],
        ["--delta-base-offset", "--compression=0"],
    ])
    func packsOfARealHistoryAreTaken(options: [String]) async throws {
        let fixture = try await Fixture()
        var generator = SeededGenerator(seed: 3)
        var lines: [String: [String]] = [:]
        for name in (0..<30).map({ "d\($0 % 4)/e\($0 % 3)/f\($0)" }) {
            lines[name] = (0..<100).map { "line \($0) of \(name)" }
        }
        var tips: [String] = []
        for commit in 0..<12 {
            for name in lines.keys.sorted() where commit == 0 || Int.random(in: 0..<4, using: &generator) == 0 {
                lines[name]?.insert("commit \(commit)", at: Int.random(in: 0..<100, using: &generator))
                try fixture.write(name, Data((lines[name] ?? []).joined(separator: "\n").utf8))
            }
            try await fixture.git("add", "-A")
            try await fixture.git("commit", "-q", "-m", "commit \(commit)")
            try await fixture.git("tag", "-a", "-m", "tag", "v\(commit)")
            tips.append(try await fixture.git("rev-parse", "v\(commit)"))
        }
        // The history in three pushes: the first whole, the others thin.
        for (start, end) in [(nil, 3), (3, 7), (7, 11)] as [(Int?, Int)] {
            let revisions = fixture.scratch.path("revisions")
            let text = "\(tips[end])\n" + (start.map { "^\(tips[$0])\n" } ?? "")
            try Data(text.utf8).write(to: URL(fileURLWithPath: revisions))
            let output = try fixture.git.start(
                ["pack-objects", "-q", "--thin", "--revs", "--stdout"] + options, input: revisions)
            let pack = Array(await output.bytes())
            let id = try #require(ObjectID(tips[end]))
            let kind = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                var kind: ObjectKind?
                let received = try repository.receive(.memory(pack), limits: ReceiveLimits()) {
                    (find) throws(GitError) in
                    kind = try find(id)
                    return true
                }
                try received?.accept()
                return kind
            }
            #expect(kind == .tag)
            try await fixture.stored("update-ref", "refs/tags/v\(end)", tips[end])
            try await fixture.stored("fsck", "--strict", "--full")
        }
        for name in FileSystem.names(in: "\(fixture.directory)/objects/pack") where name.hasSuffix(".idx") {
            try await fixture.stored("verify-pack", "-v", "objects/pack/\(name)")
        }
        // The objects that git has itself, and no others.
        func ids(_ list: String) -> Set<Substring> { Set(list.split(separator: "\n")) }
        let ours = ids(try await fixture.stored("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
        let theirs = ids(
            try await fixture.git("rev-list", "--objects", "--no-object-names", tips[3], tips[7], tips[11]))
        #expect(ours.symmetricDifference(theirs).isEmpty)
    }
}

extension RunningCommand {
    /// Its whole output, which need not be text.
    fileprivate func bytes() async -> Data {
        _ = await outcome()
        return rawOutput
    }
}
