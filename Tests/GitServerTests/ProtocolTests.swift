import Core
import Git
import Testing

@testable import GitServer

/// What is read from clients and told to them, without a connection.
@Suite struct ProtocolTests {
    private static let one = String(repeating: "1", count: 40)
    private static let two = String(repeating: "2", count: 40)
    private static let zero = String(repeating: "0", count: 40)

    private static func id(_ text: String) throws -> ObjectID { try #require(ObjectID(text)) }
    private static func data(_ text: String) -> Packet { .data(Array(text.utf8)) }

    @Test(arguments: [
        (nil, GitProtocolVersion.v0), ("version=1", .v1), ("version=2", .v2), ("version=2:version=1", .v2),
        ("version=9", .v0), ("version=1:key=x:version=7", .v1), ("version=", .v0),
    ])
    func theHighestKnownVersionIsSpoken(header: String?, version: GitProtocolVersion) {
        #expect(GitProtocolVersion(header: header) == version)
    }

    @Test func theAdvertisementForPushersHasCapabilitiesOnItsFirstLine() throws {
        let advertisement = ReferenceAdvertisement(agent: "berth/1")
        let words =
            "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options "
            + "object-format=sha1 agent=berth/1"
        let refs = [
            Reference(name: "refs/heads/a", id: try Self.id(Self.one), peeled: nil),
            Reference(name: "refs/tags/t", id: try Self.id(Self.two), peeled: try Self.id(Self.one)),
        ]
        let text = String(decoding: advertisement.receivePack(refs, version: .v2), as: UTF8.self)
        #expect(text.hasPrefix("001f# service=git-receive-pack\n0000"))
        #expect(text.contains("\(Self.one) refs/heads/a\0\(words)\n"))
        #expect(text.hasSuffix("\(Self.two) refs/tags/t\n0000"))
        #expect(!text.contains("^{}"))
        let empty = String(decoding: advertisement.receivePack([], version: .v0), as: UTF8.self)
        #expect(empty.contains("\(Self.zero) capabilities^{}\0\(words)\n"))
    }

    @Test func theAdvertisementForFetchersBeginsWithHeadAndPeelsTags() throws {
        let snapshot = ReferenceSnapshot(
            head: "refs/heads/a",
            references: [
                Reference(name: "refs/heads/a", id: try Self.id(Self.one), peeled: nil),
                Reference(name: "refs/tags/t", id: try Self.id(Self.two), peeled: try Self.id(Self.one)),
            ])
        let advertisement = ReferenceAdvertisement(agent: "berth/1")
        let text = String(decoding: advertisement.uploadPack(snapshot, version: .v1), as: UTF8.self)
        #expect(text.hasPrefix("001e# service=git-upload-pack\n0000000eversion 1\n"))
        #expect(text.contains("\(Self.one) HEAD\0multi_ack thin-pack side-band "))
        #expect(text.contains(" symref=HEAD:refs/heads/a filter object-format=sha1 agent=berth/1\n"))
        #expect(text.hasSuffix("\(Self.two) refs/tags/t\n0038".dropLast(4) + "003c\(Self.one) refs/tags/t^{}\n0000"))
    }

    @Test func refsAreListedByPrefix() throws {
        let snapshot = ReferenceSnapshot(
            head: "refs/heads/none",
            references: [
                Reference(name: "refs/heads/a", id: try Self.id(Self.one), peeled: nil),
                Reference(name: "refs/tags/t", id: try Self.id(Self.two), peeled: try Self.id(Self.one)),
            ])
        let all = try ReferenceList(["peel", "symrefs", "unborn"]).response(snapshot)
        let text = String(decoding: all, as: UTF8.self)
        #expect(text.contains("unborn HEAD symref-target:refs/heads/none\n"))
        #expect(text.contains("\(Self.two) refs/tags/t peeled:\(Self.one)\n"))
        let some = String(decoding: try ReferenceList(["ref-prefix refs/heads/"]).response(snapshot), as: UTF8.self)
        #expect(some == "003e\(Self.one) refs/heads/a\n0000".replacing("003e", with: "003a"))
        #expect(throws: ProtocolError.self) { try ReferenceList(["rubbish"]) }
    }

    @Test func pushesAreReadCommandByCommand() throws {
        var parser = PushRequestParser(PushLimits(commands: 10))
        try parser.take(
            Self.data("\(Self.zero) \(Self.one) refs/heads/a\0 report-status atomic push-options agent=git/2"))
        try parser.take(Self.data("shallow \(Self.two)"))
        try parser.take(Self.data("\(Self.one) \(Self.zero) refs/heads/b c\n"))
        try parser.take(.flush)
        #expect(!parser.isComplete)
        try parser.take(Self.data("detach"))
        try parser.take(.flush)
        #expect(parser.isComplete)
        let request = parser.request
        #expect(request.commands.map(\.name) == ["refs/heads/a", "refs/heads/b c"])
        #expect(request.isAtomic && request.isDetached && request.hasPack)
        #expect(request.capabilities["agent"] == "git/2")
        #expect(request.shallow == [try Self.id(Self.two)])
    }

    @Test(arguments: [
        "", "rubbish", "x \(zero) refs/heads/a", "\(zero) \(one)", "\(zero)  \(one) refs/heads/a", "push-cert\0",
    ])
    func brokenCommandsAreRefused(line: String) {
        var parser = PushRequestParser(PushLimits(commands: 10))
        #expect(throws: ProtocolError.self) { try parser.take(Self.data(line)) }
    }

    @Test func tooManyCommandsAreRefused() throws {
        var parser = PushRequestParser(PushLimits(commands: 1))
        try parser.take(Self.data("\(Self.zero) \(Self.one) refs/heads/a"))
        #expect(throws: ProtocolError.self) { try parser.take(Self.data("\(Self.zero) \(Self.one) refs/heads/b")) }
    }

    @Test func attack7LongNamesAndManyOptionsAreRefused() throws {
        var named = PushRequestParser(PushLimits(nameBytes: 20))
        #expect(throws: ProtocolError.self) {
            try named.take(Self.data("\(Self.zero) \(Self.one) refs/heads/\(String(repeating: "x", count: 30))"))
        }
        for limits in [PushLimits(options: 2), PushLimits(optionBytes: 6)] {
            var parser = PushRequestParser(limits)
            try parser.take(Self.data("\(Self.zero) \(Self.one) refs/heads/a\0push-options"))
            try parser.take(.flush)
            try parser.take(Self.data("abc"))
            try parser.take(Self.data("def"))
            #expect(throws: ProtocolError.self) { try parser.take(Self.data("g")) }
        }
    }

    @Test func theListOfOptionsMayBeEmpty() throws {
        var parser = PushRequestParser(PushLimits())
        try parser.take(Self.data("\(Self.zero) \(Self.one) refs/heads/a\0push-options"))
        try parser.take(.flush)
        try parser.take(.flush)
        #expect(parser.isComplete)
        #expect(parser.request.options.isEmpty)
    }

    @Test func attack10ReportsNameEveryRef() {
        let report = PushReport(
            results: [
                (Array("refs/heads/a".utf8), nil), (Array("refs/heads/b".utf8), "deploy of prod\nfailed: \u{1b}[0m"),
            ])
        let text = String(decoding: report.serialized(), as: UTF8.self)
        #expect(text.hasPrefix("000eunpack ok\n0014ok refs/heads/a\n"))
        #expect(text.contains("ng refs/heads/b deploy of prod\u{FFFD}failed: \u{FFFD}[0m\n0000"))
        let failed = PushReport(unpackFailure: "the pack is damaged", results: [])
        #expect(String(decoding: failed.serialized(), as: UTF8.self) == "001funpack the pack is damaged\n0000")
    }

    @Test(arguments: [
        ("Basic YW5uOnNlY3JldA==", "ann", "secret"), ("basic  YW5uOjo=", "ann", ":"), ("BASIC OnQ=", "", "t"),
        ("Bearer tok", nil, "tok"), ("bearer tok", nil, "tok"),
    ])
    func credentialsAreRead(header: String, user: String?, token: String) {
        let credentials = GitAuthentication.credentials(header)
        #expect(credentials?.userName == user)
        #expect(credentials?.token == token)
    }

    @Test(arguments: [nil, "", "Basic", "Basic !!!", "Basic YWJj", "Digest x", "Bearer "])
    func otherHeadersAreNoCredentials(header: String?) {
        #expect(GitAuthentication.credentials(header) == nil)
    }

    @Test(arguments: [
        ("ann", "site.git"), ("ann", "site"), ("a-b", "c-d.git"),
    ])
    func namesOfThePlatformAreTaken(owner: String, repository: String) {
        #expect(RepositoryPath(owner: owner, repository: repository) != nil)
    }

    @Test(arguments: [
        ("Ann", "site"), ("..", "site"), ("ann", ".."), ("ann", ".git"), ("ann", "site.git.git"), ("ann", "si te"),
        ("ann", "site\0"), ("ann", "a/b"), ("ann", "%2e%2e"), ("ann", "-x"), ("ann", "$(id)"), ("", "site"),
        ("ann", "ѕite"), ("ann", "site.Git"), ("ann", "`id`"), ("ann", "a;id"), ("ann", "a\nb"), ("-rf", "site"),
        ("ann", "--upload-pack=id"), ("ann", "si\u{200c}te"), ("ann", "a\\b"), ("ann\0", "site"),
    ])
    func attack1OtherNamesNeverReachTheGate(owner: String, repository: String) {
        #expect(RepositoryPath(owner: owner, repository: repository) == nil)
    }
}
