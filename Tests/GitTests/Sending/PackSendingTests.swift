import Foundation
import TestSupport
import Testing

@testable import Git

/// What is sent, put to git itself: each pack goes through the client's `index-pack --strict`.
struct PackSendingTests {
    private static func bytes(_ fixture: Fixture, _ request: PackRequest) async throws -> [UInt8] {
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let pack = try repository.makePack(request)
            var reader = pack.reader()
            var bytes: [UInt8] = []
            while !reader.isAtEnd { bytes += try reader.read(1000) }
            guard bytes.count == pack.size else { throw GitError(.library(-1), "wrong size", operation: "test") }
            return bytes
        }
    }

    private static func ids(_ names: [String]) -> [ObjectID] { names.compactMap { ObjectID($0) } }

    /// Feeds a pack to a client's repository and returns what it holds.
    private static func index(_ pack: [UInt8], _ git: GitCommand, isThin: Bool) async throws -> Set<String> {
        let path = "\(git.folder)/sent.pack"
        try Data(pack).write(to: URL(fileURLWithPath: path))
        let indexed = try await git.start(
            ["index-pack", "--stdin", "--strict"] + (isThin ? ["--fix-thin"] : []), input: path
        ).outcome()
        guard indexed.status == 0 else { throw GitCommand.Failure(arguments: ["index-pack"], outcome: indexed) }
        let name = indexed.output.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
        let listing = try await git("show-index", "--object-format=sha1", in: ".git/objects/pack/pack-\(name).idx")
        return Set(listing.split(separator: "\n").map { String($0.split(separator: " ")[1]) })
    }

    private static func reachable(_ git: GitCommand, _ arguments: [String]) async throws -> Set<String> {
        let outcome = try await git.start(["rev-list", "--objects", "--no-object-names"] + arguments).outcome()
        return Set(outcome.output.split(separator: "\n").map(String.init))
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func clientsGetWhatTheyLack(seed: UInt64) async throws {
        var history = try await RandomHistory(seed: seed, commits: 24)
        let fixture = history.fixture
        for round in 0..<8 {
            let wants = history.someCommits(history.number(1..<4))
            let haves = round == 0 ? [] : history.someCommits(history.number(0..<4))
            let client = GitCommand(folder: fixture.scratch.path("client\(round)"))
            try FileManager.default.createDirectory(atPath: client.folder, withIntermediateDirectories: true)
            try await client("init", "-q")
            for have in haves { try await client("fetch", "-q", "--no-tags", fixture.git.folder, have) }
            for (index, have) in haves.enumerated() { try await client("update-ref", "refs/have/\(index)", have) }
            let isThin = round % 2 == 0
            let pack = try await Self.bytes(
                fixture,
                PackRequest(
                    wants: Self.ids(wants), haves: Self.ids(haves), isThin: isThin, usesOffsetDeltas: round % 3 != 0))
            let sent = try await Self.index(pack, client, isThin: isThin)
            let needed = try await Self.reachable(fixture.git, wants + ["--not"] + haves)
            let all = try await Self.reachable(fixture.git, wants)
            #expect(needed.isSubset(of: sent))
            // A thin pack gets the bases that the client added to it.
            if !isThin { #expect(sent.isSubset(of: all)) }
            for (index, want) in wants.enumerated() { try await client("update-ref", "refs/want/\(index)", want) }
            try await client("fsck", "--full", "--strict")
        }
    }

    @Test(arguments: [
        "blob:none", "blob:limit=700", "tree:0", "tree:1", "tree:2", "tree:3", "combine:blob:none+tree:2",
        "combine:blob:limit=900+tree:3",
    ])
    func partialClonesGetJustWhatTheFilterLets(filter: String) async throws {
        var history = try await RandomHistory(seed: 9, commits: 20)
        let wants = history.someCommits(3)
        let filters: [String: ObjectFilter] = [
            "blob:none": .blobNone, "blob:limit=700": .blobLimit(700), "tree:0": .treeDepth(0),
            "tree:1": .treeDepth(1), "tree:2": .treeDepth(2), "tree:3": .treeDepth(3),
            "combine:blob:none+tree:2": .combine([.blobNone, .treeDepth(2)]),
            "combine:blob:limit=900+tree:3": .combine([.blobLimit(900), .treeDepth(3)]),
        ]
        let fixture = history.fixture
        let pack = try await Self.bytes(
            fixture,
            PackRequest(wants: Self.ids(wants), filter: filters[filter], usesOffsetDeltas: true))
        let client = GitCommand(folder: fixture.scratch.path("partial"))
        try FileManager.default.createDirectory(atPath: client.folder, withIntermediateDirectories: true)
        try await client("init", "-q")
        let path = fixture.scratch.path("partial.pack")
        try Data(pack).write(to: URL(fileURLWithPath: path))
        let indexed = try await client.start(["index-pack", "--stdin", "--promisor"], input: path).outcome()
        #expect(indexed.status == 0, "\(indexed.output)")
        let listed = try await client("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        let sent = Set(listed.split(separator: "\n").map(String.init))
        #expect(sent == (try await Self.reachable(fixture.git, ["--filter=\(filter)"] + wants)))
    }

    @Test func objectsAskedForByNameComeWhateverTheFilter() async throws {
        let history = try await RandomHistory(seed: 3, commits: 6)
        let git = history.fixture.git
        let listing = try await git("ls-tree", "-r", "-t", "HEAD")
        let entries = listing.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        for entry in entries {
            let name = String(entry[2])
            let pack = try await Self.bytes(
                history.fixture, PackRequest(wants: Self.ids([name]), filter: .treeDepth(0), usesOffsetDeltas: true))
            let client = GitCommand(folder: history.fixture.scratch.path("by-name"))
            try? FileManager.default.removeItem(atPath: client.folder)
            try FileManager.default.createDirectory(atPath: client.folder, withIntermediateDirectories: true)
            try await client("init", "-q")
            let path = history.fixture.scratch.path("by-name.pack")
            try Data(pack).write(to: URL(fileURLWithPath: path))
            #expect(try await client.start(["index-pack", "--stdin", "--promisor"], input: path).outcome().status == 0)
            #expect(
                try await client("cat-file", "--batch-all-objects", "--batch-check=%(objectname)") == name,
                "\(entry)")
        }
    }

    @Test func aPackThatIsAllThatIsAskedForGoesAsItIs() async throws {
        let history = try await RandomHistory(seed: 5, commits: 10)
        let fixture = history.fixture
        for name in try await fixture.stored("for-each-ref", "--format=%(refname)").split(separator: "\n") {
            if name != "refs/heads/b9" { try await fixture.stored("update-ref", "-d", String(name)) }
        }
        try await fixture.stored("repack", "-adq")
        try await fixture.stored("prune", "--expire=now")
        let request = PackRequest(wants: Self.ids([history.commits[9]]), usesOffsetDeltas: true)
        let sent = try await Self.bytes(fixture, request)
        let folder = "\(fixture.directory)/objects/pack"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".pack") }
        #expect(names.count == 1)
        #expect(FileManager.default.contents(atPath: "\(folder)/\(names[0])") == Data(sent))
        // Without them it is not the same pack, and the deltas name their bases.
        let other = try await Self.bytes(
            fixture, PackRequest(wants: Self.ids([history.commits[9]]), usesOffsetDeltas: false))
        #expect(other != sent)
        #expect(try await Self.index(other, fixture.git, isThin: false).count > 10)
    }

    @Test func theSameRequestGetsTheSamePackAfterAnOutsideRepack() async throws {
        let history = try await RandomHistory(seed: 6, commits: 8)
        let fixture = history.fixture
        let request = PackRequest(wants: Self.ids([history.commits[7]]), usesOffsetDeltas: true)
        let first = try await Self.bytes(fixture, request)
        try await fixture.stored("repack", "-adfq")
        #expect(try await Self.bytes(fixture, request) == first)
        // Another request finds the objects where they are now.
        let second = try await Self.bytes(
            fixture, PackRequest(wants: Self.ids([history.commits[6]]), usesOffsetDeltas: true))
        #expect(try await Self.index(second, fixture.git, isThin: false).count > 5)
    }

    @Test func packsOverTheLimitAreRefused() async throws {
        let history = try await RandomHistory(seed: 7, commits: 4)
        let request = PackRequest(wants: Self.ids([history.commits[3]]), usesOffsetDeltas: true)
        let size = try await Self.bytes(history.fixture, request).count
        for limit in [size - 1, 100, 12] {
            let error = await #expect(throws: GitError.self) {
                try await history.fixture.store.withRepository(history.fixture.app) { (repository) throws(GitError) in
                    try repository.makePack(request, limit: limit).size
                }
            }
            #expect(error?.code == .tooLarge)
        }
    }

    /// A pack or an index that was changed on the disk: an error or a pack, and never a crash.
    @Test func damagedPacksAreAnErrorAtWorst() async throws {
        let history = try await RandomHistory(seed: 8, commits: 6)
        let fixture = history.fixture
        try await fixture.stored("repack", "-adfq")
        let folder = "\(fixture.directory)/objects/pack"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let name = try #require(files.first { $0.hasSuffix(".pack") }).dropLast(5)
        let request = PackRequest(wants: Self.ids([history.commits[5]]), usesOffsetDeltas: true)
        var random = SeededGenerator(seed: 1)
        var failed = 0
        for round in 0..<400 {
            let damaged = fixture.scratch.path("damaged-\(round)")
            for suffix in [".pack", ".idx"] {
                var bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(name)\(suffix)")))
                if (round % 2 == 0) == (suffix == ".idx") {
                    for _ in 0..<Int.random(in: 1...8, using: &random) {
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                    }
                    if Int.random(in: 0..<5, using: &random) == 0 {
                        bytes.removeLast(.random(in: 0..<bytes.count, using: &random))
                    }
                }
                try Data(bytes).write(to: URL(fileURLWithPath: damaged + suffix))
            }
            let folder = fixture.directory + "/objects"
            let size = try? await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                var history = History()
                let selection = try PackSelection(request, history: &history, repository: repository)
                let assembly = PackAssembly(
                    selection, packs: PackSet([try OpenPack(damaged)]),
                    style: PackStyle(usesOffsetDeltas: round % 3 != 0),
                    folder: folder, limit: 1 << 20)
                return try assembly.assemble(repository).size
            }
            if size == nil { failed += 1 }
        }
        #expect((40..<400).contains(failed))
    }
}

extension GitCommand {
    /// Runs git with a file of its folder as input.
    fileprivate func callAsFunction(_ arguments: String..., in file: String) async throws -> String {
        let outcome = try await start(arguments, input: "\(folder)/\(file)").outcome()
        guard outcome.status == 0 else { throw Failure(arguments: arguments, outcome: outcome) }
        return outcome.output
    }
}
