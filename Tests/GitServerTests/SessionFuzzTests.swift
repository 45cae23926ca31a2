import Core
import Foundation
import Git
import TestSupport
import Testing

@testable import GitServer

/// Whole requests against a real repository: those of the corpus, and the same with some bytes changed. Whatever comes, the
/// answer is well formed and the repository stays sound. `BERTH_FUZZ_SECONDS` makes a longer run, `BERTH_FUZZ_SEED` another
/// one.
@Suite(.serialized) struct SessionFuzzTests {
    private static let rounds = 300

    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    /// A repository with a short history, and what the letters of the corpus stand for in it.
    private struct Subject: Sendable {
        let server: LiveGitServer
        let client: RouterClient
        let names: [Character: String]
        private let refs: String

        init(_ server: LiveGitServer) async throws {
            self.server = server
            var configuration = GitServerConfiguration(version: "fuzz")
            configuration.requestsPerUser = 100_000
            client = RouterClient(store: server.store, gate: server.gate, configuration: configuration)
            let git = try await server.client()
            for number in 0..<6 {
                try await server.commit(
                    git, ["f\(number % 2)/x.txt": String(repeating: "line \(number)\n", count: 50)], "c\(number)")
            }
            try await git("tag", "-a", "v1", "-m", "one", "HEAD~1")
            try await git("branch", "old", "HEAD~3")
            try await git("push", "-q", server.url, "--all")
            try await git("push", "-q", server.url, "--tags")
            var names: [Character: String] = [:]
            for (letter, name) in [
                ("a", "main"), ("b", "old"), ("c", "HEAD~6"), ("d", "v1"), ("e", "HEAD^{tree}"),
                ("f", "HEAD:index.html"),
            ] as [(Character, String)] { names[letter] = try await git("rev-parse", name) }
            self.names = names
            refs = try await server.stored()("for-each-ref", "--format=create %(refname) %(objectname)")
        }

        /// Puts the refs back as they were at first.
        func restore() async throws {
            let now = try await server.stored()("for-each-ref", "--format=delete %(refname)")
            let path = server.scratch.path("refs")
            for lines in [now, refs] where !lines.isEmpty {
                try Data((lines + "\n").utf8).write(to: URL(fileURLWithPath: path))
                let outcome = try await server.stored().start(["update-ref", "--stdin"], input: path).outcome()
                #expect(outcome.status == 0, "\(outcome.output)")
            }
        }

        func post(_ kind: RequestCorpus.Kind, _ bytes: [UInt8]) async throws -> RouterClient.Answer {
            switch kind {
            case .fetch0: try await client.post(.uploadPack, bytes)
            case .fetch2, .packets: try await client.post(.uploadPack, version: "version=2", bytes)
            case .push: try await client.post(.receivePack, bytes)
            }
        }
    }

    /// What is wrong with an answer, `nil` when nothing is.
    private static func fault(_ answer: RouterClient.Answer) -> String? {
        guard answer.isComplete else { return "it does not end" }
        guard answer.status == 200 else {
            return answer.status < 500 && answer.type.hasPrefix("text/plain") ? nil : "status \(answer.status)"
        }
        var parser = PacketParser()
        parser.append(answer.body)
        do throws(PacketParser.Failure) {
            while true {
                // After the packets a client without side-band gets the pack as it is.
                if parser.rest.starts(with: Array("PACK".utf8)) {
                    return parser.rest.count >= 32 ? nil : "a pack of \(parser.rest.count) bytes"
                }
                guard try parser.next() != nil else { break }
            }
        } catch {
            return "no packet: \(String(decoding: parser.rest.prefix(80), as: UTF8.self))"
        }
        return parser.isEmpty ? nil : "it ends within a packet"
    }

    @Test func everyRequestOfTheCorpusIsAnsweredWell() async throws {
        try await LiveGitServer.run { server in
            let subject = try await Subject(server)
            for example in try RequestCorpus.all() {
                let answer = try await subject.post(example.kind, RequestCorpus.resolved(example.bytes, subject.names))
                #expect(Self.fault(answer) == nil, "\(example.name)")
                if example.kind == .push { try await subject.restore() }
            }
            // So that it is known to get as far as it should.
            let clone = try #require(try RequestCorpus.all().first { $0.name == "fetch2-clone" })
            let pack = try await subject.post(.fetch2, RequestCorpus.resolved(clone.bytes, subject.names))
            #expect(String(decoding: pack.body, as: UTF8.self).contains("packfile\n"))
            let push = try #require(try RequestCorpus.all().first { $0.name == "push-create" })
            let report = try await subject.post(.push, RequestCorpus.resolved(push.bytes, subject.names))
            #expect(String(decoding: report.body, as: UTF8.self).contains("ok refs/heads/new"))
        }
    }

    @Test(arguments: [RequestCorpus.Kind.fetch0, .fetch2, .push])
    func changedRequestsAreAnsweredWell(kind: RequestCorpus.Kind) async throws {
        let corpus = try RequestCorpus.all().filter { $0.kind == kind }
        try await LiveGitServer.run { server in
            let subject = try await Subject(server)
            var randomness = FuzzTests.Randomness(state: UInt64(Self.number("BERTH_FUZZ_SEED") ?? 7))
            let deadline = ContinuousClock.now + .seconds(Self.number("BERTH_FUZZ_SECONDS") ?? 0)
            var round = 0
            while round < Self.rounds || ContinuousClock.now < deadline {
                round += 1
                guard let example = corpus.randomElement(using: &randomness) else { return }
                var bytes = RequestCorpus.resolved(example.bytes, subject.names)
                Self.change(&bytes, &randomness)
                let answer = try await subject.post(kind, bytes)
                if let fault = Self.fault(answer) {
                    Issue.record("round \(round), \(example.name): \(fault): \(Data(bytes).base64EncodedString())")
                    return
                }
                if kind == .push, round % 100 == 0 { try await subject.restore() }
            }
        }
    }

    /// Whole packets doubled, dropped or moved, with their contents changed and their lengths right; then, seldom, any byte.
    private static func change(_ bytes: inout [UInt8], _ randomness: inout FuzzTests.Randomness) {
        var pieces = Self.pieces(bytes)
        for _ in 0..<Int.random(in: 1...3, using: &randomness) where !pieces.isEmpty {
            let index = Int.random(in: 0..<pieces.count, using: &randomness)
            switch Int.random(in: 0..<6, using: &randomness) {
            case 0: pieces.insert(pieces[index], at: Int.random(in: 0...pieces.count, using: &randomness))
            case 1: pieces.remove(at: index)
            case 2: pieces.swapAt(index, Int.random(in: 0..<pieces.count, using: &randomness))
            case 3: pieces.insert(Array("000\(Int.random(in: 0...2, using: &randomness))".utf8), at: index)
            default:
                guard pieces[index].count > 5 else { continue }
                let place = Int.random(in: 4..<pieces[index].count, using: &randomness)
                switch Int.random(in: 0..<3, using: &randomness) {
                case 0: pieces[index][place] = UInt8.random(in: 0...255, using: &randomness)
                case 1: pieces[index].remove(at: place)
                default: pieces[index].insert(UInt8.random(in: 0...255, using: &randomness), at: place)
                }
                guard !pieces[index].starts(with: Array("PACK".utf8)), pieces[index].count <= 65_520 else { continue }
                var length: [UInt8] = []
                PktLine.appendLength(pieces[index].count, to: &length)
                pieces[index].replaceSubrange(..<4, with: length)
            }
        }
        bytes = Array(pieces.joined())
        guard !bytes.isEmpty, Int.random(in: 0..<4, using: &randomness) == 0 else { return }
        let place = Int.random(in: 0..<bytes.count, using: &randomness)
        if Bool.random(using: &randomness) {
            bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &randomness)
        } else {
            bytes.removeLast(bytes.count - place)
        }
    }

    /// The packets of a request and, as one piece, what follows them.
    private static func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4, let length = Int(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) {
            let count = max(4, length)
            guard count <= rest.count else { break }
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        if !rest.isEmpty { pieces.append(Array(rest)) }
        return pieces
    }
}
