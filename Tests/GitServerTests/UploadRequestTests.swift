import Git
import Testing

@testable import GitServer

/// Fetch requests of all protocol versions, without a connection.
@Suite struct UploadRequestTests {
    private static let one = String(repeating: "1", count: 40)
    private static let two = String(repeating: "2", count: 40)

    private static func id(_ text: String) throws -> ObjectID { try #require(ObjectID(text)) }
    private static func data(_ text: String) -> Packet { .data(Array(text.utf8)) }

    private static func parse(
        _ version: GitProtocolVersion, _ packets: [Packet], limits: FetchLimits = FetchLimits()
    ) throws(ProtocolError) -> UploadRequestParser.Request {
        var parser = UploadRequestParser(version: version, limits: limits)
        for packet in packets { try parser.take(packet) }
        return try parser.finish()
    }

    private static func fetch(
        _ version: GitProtocolVersion, _ packets: [Packet], limits: FetchLimits = FetchLimits()
    ) throws -> FetchRequest {
        guard case .fetch(let fetch) = try parse(version, packets, limits: limits) else {
            throw ProtocolError("no fetch")
        }
        return fetch
    }

    @Test func fetchesOfVersion0AreRead() throws {
        let request = try Self.fetch(
            .v0,
            [
                Self.data(
                    "want \(Self.one) multi_ack_detailed side-band-64k include-tag thin-pack ofs-delta filter agent=x\n"
                ),
                Self.data("shallow \(Self.two)\n"), Self.data("deepen 3\n"), Self.data("filter blob:limit=1k"), .flush,
                Self.data("have \(Self.two)\n"), Self.data("done\n"), Self.data("rubbish"),
            ])
        #expect(request.wants == [try Self.id(Self.one)])
        #expect(request.haves == [try Self.id(Self.two)])
        #expect(request.clientShallow == [try Self.id(Self.two)])
        #expect(request.deepening.depth == 3)
        #expect(request.isDone && request.includesTags && request.wantsProgress)
        #expect(request.isThin && request.usesOffsetDeltas)
        #expect(request.filter == .blobLimit(1024))
    }

    @Test func aStatelessServerAnswersAtTheFirstFlushAfterTheWants() throws {
        let request = try Self.fetch(
            .v0,
            [
                Self.data("want \(Self.one)"), .flush, Self.data("have \(Self.two)"), .flush,
                Self.data("have \(Self.one)"),
            ])
        #expect(request.steps == [.have(try Self.id(Self.two)), .flush])
    }

    @Test(arguments: [[Packet](), [.flush], [.flush, .flush]])
    func aRequestWithoutWantsIsNone(packets: [Packet]) throws {
        #expect(try Self.parse(.v0, packets) == .none)
        #expect(try Self.parse(.v2, packets) == .none)
    }

    @Test(arguments: [
        "want 123", "want \(one.dropLast())z", "have \(one)", "deepen 0", "deepen -1", "deepen x", "deepen-since x",
        "filter blob:none", "rubbish", "want \(one) object-format=sha256", "shallow 1", "\u{0}",
    ])
    func brokenFetchesOfVersion0AreRefused(line: String) {
        #expect(throws: ProtocolError.self) { try Self.parse(.v0, [Self.data(line), .flush]) }
    }

    @Test func commandsOfVersion2AreRead() throws {
        let fetch = try Self.fetch(
            .v2,
            [
                Self.data("command=fetch"), Self.data("agent=git/2"), Self.data("object-format=sha1"),
                Self.data("server-option=x=y"), .delimiter, Self.data("thin-pack"), Self.data("ofs-delta"),
                Self.data("no-progress"), Self.data("include-tag"), Self.data("wait-for-done"),
                Self.data("filter tree:0"), Self.data("shallow \(Self.two)\n"), Self.data("want \(Self.one)\n"),
                Self.data("have \(Self.two)\n"), Self.data("done\n"), .flush, Self.data("after the end"),
            ])
        #expect(fetch.wants == [try Self.id(Self.one)])
        #expect(fetch.haves == [try Self.id(Self.two)])
        #expect(fetch.clientShallow == [try Self.id(Self.two)])
        #expect(fetch.isDone && fetch.isThin && fetch.usesOffsetDeltas && fetch.includesTags && fetch.waitsForDone)
        #expect(!fetch.wantsProgress)
        #expect(fetch.filter == .treeDepth(0))
    }

    @Test func aCommandMayComeWithoutArguments() throws {
        #expect(try Self.parse(.v2, [Self.data("command=ls-refs\n"), .flush]) == .list(ReferenceList()))
        #expect(try Self.parse(.v2, [Self.data("command=ls-refs\n"), .delimiter, .flush]) == .list(ReferenceList()))
    }

    @Test(arguments: [
        [data("agent=x"), .flush], [data("object-format=sha256"), .flush], [data("command=rubbish"), .flush],
        [data("command=fetch"), data("command=fetch"), .flush],
        [data("command=fetch"), .delimiter, .delimiter, .flush],
        [data("command=fetch"), .responseEnd],
        [data("command=fetch"), .delimiter, data("want-ref refs/heads/a"), .flush],
        [data("command=fetch"), .delimiter, data("sideband-all"), .flush], [.delimiter, .flush], [data("x=y"), .flush],
        [data("command=fetch"), .delimiter, data("want 1"), .flush], [data("command=fetch"), .delimiter],
        [data("command=ls-refs"), .delimiter, data("rubbish"), .flush],
        [data("command=object-info"), .delimiter, data("oid 1"), .flush],
        [data("command=object-info"), .delimiter, data("type"), .flush], [.data([0xff]), .flush],
    ])
    func brokenCommandsAreRefused(packets: [Packet]) {
        #expect(throws: ProtocolError.self) { try Self.parse(.v2, packets) }
    }

    @Test func wantsAndHavesAreCounted() throws {
        let limits = FetchLimits(wants: 2, haves: 2)
        for (word, version) in [("want", GitProtocolVersion.v2), ("have", .v2), ("shallow", .v2)] {
            let lines = (0..<3).map { Self.data("\(word) \(String(repeating: "\($0)", count: 40))") }
            #expect(throws: ProtocolError.self) {
                try Self.parse(version, [Self.data("command=fetch"), .delimiter] + lines + [.flush], limits: limits)
            }
        }
        #expect(throws: ProtocolError.self) {
            let haves = Array(repeating: Self.data("have \(Self.one)"), count: 3)
            _ = try Self.parse(.v0, [Self.data("want \(Self.one)"), .flush] + haves, limits: limits)
        }
    }

    @Test func sizesOfObjectsAreTold() throws {
        let request = try Self.parse(
            .v2,
            [
                Self.data("command=object-info"), .delimiter, Self.data("size"), Self.data("oid \(Self.one)"),
                Self.data("oid \(Self.two)"), .flush,
            ])
        guard case .info(let info) = request else { throw ProtocolError("no info") }
        let (one, two) = (try Self.id(Self.one), try Self.id(Self.two))
        let bytes = try info.response { (id) throws(GitError) in id == one ? 12 : nil }
        #expect(String(decoding: bytes, as: UTF8.self) == "0008size002f\(one) 12002d\(two) 0000")
    }

    @Test func refsOfManyPrefixesAreListedOnce() throws {
        let references = try ["refs/heads/a", "refs/heads/b", "refs/tags/a"].map {
            Reference(name: $0, id: try Self.id(Self.one), peeled: nil)
        }
        let snapshot = ReferenceSnapshot(head: nil, references: references)
        let list = try ReferenceList(["ref-prefix refs/heads/", "ref-prefix refs/heads/a", "ref-prefix refs/x"])
        let text = String(decoding: list.response(snapshot), as: UTF8.self)
        #expect(text == "003a\(Self.one) refs/heads/a\n003a\(Self.one) refs/heads/b\n0000")
        #expect(try ReferenceList(["ref-prefix ", "ref-prefix x"]).response(snapshot).count > text.utf8.count)
    }

    @Test(arguments: [
        ("blob:none", ObjectFilter.blobNone), ("blob:limit=0", .blobLimit(0)), ("blob:limit=1k", .blobLimit(1024)),
        ("blob:limit=3M", .blobLimit(3 << 20)), ("blob:limit=2g", .blobLimit(2 << 30)), ("tree:0", .treeDepth(0)),
        ("tree:17", .treeDepth(17)), ("combine:blob:none+tree:3", .combine([.blobNone, .treeDepth(3)])),
        ("combine:blob%3Anone+blob:limit%3d5", .combine([.blobNone, .blobLimit(5)])), ("combine:tree:1", .treeDepth(1)),
    ])
    func filtersAreRead(text: String, filter: ObjectFilter) throws {
        #expect(try FilterSpecification.parse(text) == filter)
    }

    @Test(arguments: [
        ("sparse:oid=main:x", "filter 'sparse:oid' not supported"), ("sparse:path=x", "not supported"),
        ("object:type=blob", "filter 'object:type' not supported"), ("rubbish", "invalid filter-spec 'rubbish'"),
        ("", "invalid"), ("blob:limit=", "invalid"), ("blob:limit=-1", "invalid"), ("blob:limit=+1", "invalid"),
        ("blob:limit=1kk", "invalid"), ("blob:limit=k", "invalid"), ("blob:limit=99999999999999999999", "invalid"),
        ("blob:limit=9999999999999g", "invalid"), ("tree:", "expected 'tree:<depth>'"), ("tree:x", "expected"),
        ("combine:", "expected something after combine:"), ("combine:blob:none+", "invalid"),
        ("combine:combine:blob:none", "within another"), ("combine:combine%3Ablob:none", "within another"),
        ("combine:blob:none+tree:1 ", "must escape"), ("combine:blob:none+a;b", "must escape"),
        ("combine:blob:%zz", "invalid"), ("combine:blob:none%", "invalid"), ("combine:%ff", "invalid"),
        ("combine:" + String(repeating: "tree:1+", count: 40) + "tree:1", "more than 16"),
    ])
    func otherFiltersAreRefused(text: String, reason: String) {
        #expect {
            try FilterSpecification.parse(text)
        } throws: { error in
            (error as? ProtocolError)?.message.contains(reason) == true
        }
    }
}
